import { isObject, type Json, type JsonObject, text } from './json.ts';

/** Where an intrinsic function finds what it names, in one stack. */
export type Scope = {
  ref(name: string): Json;
  attribute(logicalId: string, name: string): Json;
  importValue(name: string): Json;
  condition(name: string): boolean;
  mapping(map: string, first: string, second: string): Json;
};

/** Stands for `AWS::NoValue`: the property or element that holds it goes away. */
export const noValue: JsonObject = Object.freeze({});

/**
 * Replaces every intrinsic function in a part of a template by its value, as CloudFormation would at deployment.
 *
 * @throws Error for a function that this does not know (Fn::Cidr, Fn::GetAZs, Fn::Transform …)
 */
export function resolve(value: Json | undefined, scope: Scope): Json {
  if (value === undefined) return noValue;
  if (Array.isArray(value)) return value.map(item => resolve(item, scope)).filter(item => item !== noValue);
  if (!isObject(value)) return value;
  const keys = Object.keys(value);
  const [name] = keys;
  if (keys.length === 1 && name && (name === 'Ref' || name === 'Condition' || name.startsWith('Fn::'))) {
    // A policy statement's own `Condition` is an object; the intrinsic names a condition of the template.
    if (name !== 'Condition' || typeof value.Condition === 'string')
      return call(name, value[name] ?? null, scope);
  }
  const result: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    const resolved = resolve(item, scope);
    if (resolved !== noValue) result[key] = resolved;
  }
  return result;
}

function call(name: string, argument: Json, scope: Scope): Json {
  switch (name) {
    case 'Ref':
      return scope.ref(text(argument, 'Ref'));
    case 'Condition':
      return scope.condition(text(argument, 'Condition'));
    case 'Fn::GetAtt':
      return getAtt(argument, scope);
    case 'Fn::ImportValue':
      return scope.importValue(text(resolve(argument, scope), name));
    case 'Fn::Sub':
      return substitute(argument, scope);
    case 'Fn::Join': {
      const [separator, items] = values(argument, scope);
      if (!Array.isArray(items)) throw new Error('Fn::Join in the template has no list.');
      return items.map(item => text(item, 'Fn::Join')).join(text(separator, 'Fn::Join'));
    }
    case 'Fn::Select': {
      const [index, items] = values(argument, scope);
      const item = Array.isArray(items) ? items[Number(index)] : undefined;
      if (item === undefined) throw new Error('Fn::Select in the template selects nothing.');
      return item;
    }
    case 'Fn::Split': {
      const [separator, source] = values(argument, scope);
      return text(source, 'Fn::Split').split(text(separator, 'Fn::Split'));
    }
    case 'Fn::If': {
      const [condition, then, otherwise] = argument as Json[];
      return resolve(scope.condition(text(condition, 'Fn::If')) ? then : otherwise, scope);
    }
    case 'Fn::FindInMap': {
      const [map, first, second] = values(argument, scope).map(item => text(item, 'Fn::FindInMap'));
      return scope.mapping(map ?? '', first ?? '', second ?? '');
    }
    case 'Fn::Equals': {
      const [left, right] = values(argument, scope);
      return JSON.stringify(left) === JSON.stringify(right);
    }
    case 'Fn::And':
      return values(argument, scope).every(Boolean);
    case 'Fn::Or':
      return values(argument, scope).some(Boolean);
    case 'Fn::Not':
      return !values(argument, scope)[0];
    case 'Fn::Base64':
      return Buffer.from(text(resolve(argument, scope), name)).toString('base64');
    default:
      throw new Error(`The template uses ${name}, which the local cloud cannot work out.`);
  }
}

/** The arguments of a function, which is written as a list or as an intrinsic that gives one. */
function values(argument: Json, scope: Scope): Json[] {
  const resolved = resolve(argument, scope);
  return Array.isArray(resolved) ? resolved : [resolved];
}

function getAtt(argument: Json, scope: Scope): Json {
  const [logicalId, ...path] = typeof argument === 'string' ? argument.split('.') : (argument as string[]);
  return scope.attribute(logicalId ?? '', path.join('.'));
}

function substitute(argument: Json, scope: Scope): Json {
  const [pattern, variables] = Array.isArray(argument) ? argument : [argument, {}];
  const own = isObject(variables) ? variables : {};
  return text(pattern, 'Fn::Sub').replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) => {
    if (literal) return `\${${name}}`;
    if (name in own) return text(resolve(own[name], scope), name);
    return text(name.includes('.') ? getAtt(name, scope) : scope.ref(name), name);
  });
}
