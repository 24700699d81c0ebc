import { existsSync } from 'node:fs';
import { createRequire, isBuiltin, registerHooks } from 'node:module';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

export type LoadedHandler = (event: unknown, context: unknown) => unknown;

/**
 * Loads a function's handler as the Lambda runtime does: `index.mjs` is a module, `index.js` what the asset's
 * package.json says. Nothing outside the asset is there any more afterwards, so that a dependency missing from the
 * bundle fails here as it would in AWS.
 *
 * @throws Error named like the runtime's: `Runtime.ImportModuleError`, `Runtime.HandlerNotFound`
 */
export async function loadHandler(folder: string, handler: string): Promise<LoadedHandler> {
  const dot = handler.lastIndexOf('.');
  const name = handler.slice(0, dot);
  const file = ['.mjs', '.cjs', '.js'].map(ending => join(folder, name + ending)).find(existsSync);
  if (!file) throw missing(name);
  confine(folder);
  const loaded = file.endsWith('.mjs')
    ? ((await import(pathToFileURL(file).href)) as Record<string, unknown>)
    : (createRequire(file)(file) as Record<string, unknown>);
  const found = loaded[handler.slice(dot + 1)];
  if (typeof found !== 'function')
    throw runtimeError('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  return found as LoadedHandler;
}

/** Lets this thread find Node's own modules and the asset's files only. */
function confine(folder: string): void {
  const inside = pathToFileURL(folder + sep).href;
  registerHooks({
    resolve(specifier, context, next) {
      if (isBuiltin(specifier)) return next(specifier, context);
      const found = next(specifier, context);
      if (!found.url.startsWith(inside)) throw missing(specifier);
      return found;
    },
  });
}

function missing(id: string): Error {
  return runtimeError('Runtime.ImportModuleError', `Cannot find module '${id}'`);
}

function runtimeError(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}
