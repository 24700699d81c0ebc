/** Imports point one way: a module sees the kernel and the `<module>.ts` of modules before it, never their use cases. */
const ORDER = [
  ['identity'],
  ['money', 'chat', 'notify', 'trust', 'verification'],
  ['booking'],
  ['reviews'],
  ['parking', 'services', 'sessions', 'homes'],
  ['insight', 'admin', 'privacy'],
];

const folder = names => `^lambdas/(${names.join('|')})/`;

const oneWay = ORDER.flatMap((rank, index) =>
  rank.map(module => {
    const before = ORDER.slice(0, index).flat();
    const open = before.map(name => `lambdas/${name}/${name}\\.ts$`);
    return {
      name: `${module}-imports-downwards`,
      comment: `lambdas/${module} may import the kernel, itself, and only the <module>.ts of ${before.join(', ') || 'nothing else'}.`,
      severity: 'error',
      from: { path: folder([module]) },
      to: { path: '^lambdas/', pathNot: [folder([module]), '^lambdas/kernel/', ...open] },
    };
  }),
);

export default {
  forbidden: [
    ...oneWay,
    {
      name: 'no-cycles',
      comment: 'Files that need each other are one file.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'kernel-knows-no-module',
      comment: 'The kernel knows no domain word: it imports the marketplaces and itself.',
      severity: 'error',
      from: { path: '^lambdas/kernel/' },
      to: { path: '^(lambdas/(?!kernel/)|lib/|local/|test/|scripts/|bench/)' },
    },
    {
      name: 'platform-imports-the-kernel-only',
      comment: 'The use cases of the system itself serve every module alike.',
      severity: 'error',
      from: { path: '^lambdas/platform/' },
      to: { path: '^(lambdas/(?!kernel/|platform/)|lib/|local/|test/)' },
    },
    {
      name: 'use-cases-do-not-know-where-they-run',
      comment: 'The product depends neither on its infrastructure nor on the local cloud.',
      severity: 'error',
      from: { path: '^(lambdas|marketplaces)/' },
      to: { path: '^(lib|local|test|scripts|bench|bin)/' },
    },
    {
      name: 'marketplaces-import-their-type-only',
      comment: 'A marketplace is data.',
      severity: 'error',
      from: { path: '^marketplaces/' },
      to: { pathNot: '^marketplaces/' },
    },
    {
      name: 'no-development-packages-in-lambdas',
      comment: 'What a Lambda imports at run time is a dependency. The types of AWS events are only types.',
      severity: 'error',
      from: { path: '^(lambdas|marketplaces)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'not-resolvable',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
