import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Mistake } from './mistake.ts';
import { describeTest, describeUseCase } from './templates/use-case.ts';

const ROOT = join(import.meta.dirname, '..');
const USAGE = `Usage:
  npm run new -- use-case <module> <verb-noun> [--route 'POST /api/v1/…']
  npm run new -- migration <module> <what>
  npm run new -- marketplace <slug>`;
const KEBAB = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

function main([kind, ...rest]: string[]): string[] {
  if (kind === 'use-case') return newUseCase(rest);
  if (kind === 'migration') return [newMigration(rest)];
  if (kind === 'marketplace') return newMarketplace(rest);
  throw new Mistake(USAGE);
}

function newUseCase([module = '', name = '', flag, route]: string[]): string[] {
  checkName(name);
  const modules = readdirSync(join(ROOT, 'lambdas')).filter(folder => folder !== 'kernel');
  if (!modules.includes(module))
    throw new Mistake(`There is no module ${module || '(none given)'}: ${modules.join(', ')}.`);
  if (!name.includes('-')) throw new Mistake(`Name a use case verb first, as in ${name}-space.`);
  if (
    flag !== undefined &&
    (flag !== '--route' || !/^(GET|POST|PUT|PATCH|DELETE) \/\S+$/.test(route ?? ''))
  ) {
    throw new Mistake(`A route reads like --route 'POST /api/v1/${module}/…'.`);
  }
  const declared = route ?? `POST /api/v1/${module}/${name}`;
  return [
    write(`lambdas/${module}/${name}.ts`, describeUseCase(module, name, declared)),
    write(`test/${module}/${name}.test.ts`, describeTest(module, declared)),
  ];
}

function newMigration([module = '', what = '']: string[]): string {
  checkName(module);
  checkName(what);
  const numbers = readdirSync(join(ROOT, 'sql/migrations')).map(file => Number(file.slice(0, 4)));
  const next = String(Math.max(0, ...numbers) + 1).padStart(4, '0');
  const text = '-- Why this change, and what makes it safe on a live table.\n';
  return write(`sql/migrations/${next}_${module}__${what.replaceAll('-', '_')}.sql`, text);
}

/** Copies the smallest marketplace, Recovery Machine, whose every value is then to be looked at. */
function newMarketplace([slug = '']: string[]): string[] {
  checkName(slug);
  const name = slug.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  const model = readFileSync(join(ROOT, 'marketplaces/recovery.ts'), 'utf8');
  const text = model
    .replace(/\/\*\*.*\*\/\n/, `/** What ${slug} is, for whom, and where. */\n`)
    .replace('export const recovery', `export const ${name}`)
    .replace("slug: 'recovery'", `slug: '${slug}'`)
    .replace(/ name: '.*'/, ` name: '${slug.charAt(0).toUpperCase()}${slug.slice(1).replaceAll('-', ' ')}'`)
    .replace(
      /booking_prefix: '\w+'/,
      `booking_prefix: '${slug.replaceAll('-', '').slice(0, 3).toUpperCase().padEnd(3, 'X')}'`,
    );
  const file = write(`marketplaces/${slug}.ts`, text);
  const index = join(ROOT, 'marketplaces/index.ts');
  const [imports = '', ...rest] = readFileSync(index, 'utf8').split('\n\n');
  const fileOf = (line: string) => line.slice(line.indexOf("'"));
  const sorted = [...imports.split('\n'), `import { ${name} } from './${slug}.ts';`].sort((a, b) =>
    fileOf(a) < fileOf(b) ? -1 : 1,
  );
  writeFileSync(index, [sorted.join('\n'), ...rest].join('\n\n').replace('];', `, ${name}];`));
  return [file, 'marketplaces/index.ts'];
}

function checkName(name: string): void {
  if (!KEBAB.test(name)) throw new Mistake(`A name is kebab-case, as in rename-space.\n\n${USAGE}`);
}

function write(path: string, text: string): string {
  const file = join(ROOT, path);
  if (existsSync(file)) throw new Mistake(`${path} exists already.`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return path;
}

try {
  for (const path of main(process.argv.slice(2))) console.log(`wrote ${path}`);
} catch (error) {
  if (!(error instanceof Mistake)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
