import { arnOf } from '../aws/account.ts';
import { type Identity, identify, pseudoParameters } from './identify.ts';
import { noValue, resolve, type Scope } from './intrinsics.ts';
import type { Json, JsonObject } from './json.ts';
import type { Resource, Stack } from './read-assembly.ts';

/** A resource of the template whose properties are worked out when they are read. */
export type LiveResource = {
  stack: Stack;
  logicalId: string;
  type: string;
  metadata: JsonObject;
  ref: string;
  attribute(name: string): Json;
  /** A property with its intrinsic functions replaced, or undefined when the template does not say it. */
  property(name: string): Json | undefined;
  properties(): JsonObject;
};

export type Resources = {
  ofType(type: string): LiveResource[];
  all(): LiveResource[];
  /** Sets what `Fn::GetAtt` of a custom resource answers from now on. */
  setAttributes(resource: LiveResource, physicalId: string, data: JsonObject): void;
};

/**
 * The resources of all stacks as one graph. Nothing is resolved before it is read: a property that the local cloud
 * does not run may use what it does not know, and one that waits for a custom resource is read after it ran.
 */
export function createResources(stacks: readonly Stack[]): Resources {
  const live = new Map<string, LiveResource>();
  const custom = new Map<string, { physicalId: string; data: JsonObject }>();
  const key = (stack: Stack, logicalId: string): string => `${stack.name}/${logicalId}`;

  const scopes = new Map(stacks.map(stack => [stack, scopeOf(stack)]));

  function scopeOf(stack: Stack): Scope {
    const find = (logicalId: string): LiveResource => {
      const found = live.get(key(stack, logicalId));
      if (!found) throw new Error(`${logicalId} is not in the template of ${stack.name}.`);
      return found;
    };
    const condition = (name: string): boolean => {
      const expression = stack.template.Conditions?.[name];
      if (expression === undefined)
        throw new Error(`The condition ${name} is not in the template of ${stack.name}.`);
      return resolve(expression, scopeOf(stack)) === true;
    };
    return {
      ref(name) {
        if (name === 'AWS::NoValue') return noValue;
        if (name === 'AWS::StackName') return stack.name;
        if (name === 'AWS::StackId') return stackId(stack);
        const pseudo = pseudoParameters[name];
        if (pseudo !== undefined) return pseudo;
        const parameter = stack.template.Parameters?.[name];
        if (parameter) return parameter.Default ?? '';
        return find(name).ref;
      },
      attribute: (logicalId, name) => find(logicalId).attribute(name),
      importValue: exported,
      condition,
      mapping(map, first, second) {
        const value = stack.template.Mappings?.[map]?.[first]?.[second];
        if (value === undefined)
          throw new Error(`The mapping ${map} of ${stack.name} has no ${first}.${second}.`);
        return value;
      },
    };
  }

  function scope(stack: Stack): Scope {
    return scopes.get(stack) ?? scopeOf(stack);
  }

  function exported(name: string): Json {
    for (const stack of stacks) {
      for (const output of Object.values(stack.template.Outputs ?? {})) {
        if (output.Export && resolve(output.Export.Name, scope(stack)) === name)
          return resolve(output.Value, scope(stack));
      }
    }
    throw new Error(`No stack exports ${name}.`);
  }

  function enliven(stack: Stack, logicalId: string, resource: Resource): LiveResource {
    const property = (name: string): Json | undefined => {
      const value = resource.Properties?.[name];
      if (value === undefined) return undefined;
      const resolved = resolve(value, scope(stack));
      return resolved === noValue ? undefined : resolved;
    };
    let known: Identity | undefined;
    const identity = (): Identity => {
      known ??= identify({ stack: stack.name, logicalId, type: resource.Type, property });
      return known;
    };
    const id = key(stack, logicalId);
    return {
      stack,
      logicalId,
      type: resource.Type,
      metadata: resource.Metadata ?? {},
      property,
      properties: () => resolve(resource.Properties ?? {}, scope(stack)) as JsonObject,
      get ref() {
        return custom.get(id)?.physicalId ?? identity().ref;
      },
      attribute(name) {
        const value = custom.get(id)?.data[name] ?? identity().attributes[name];
        if (value === undefined)
          throw new Error(`The local cloud does not know ${name} of ${logicalId} (${resource.Type}).`);
        return value;
      },
    };
  }

  for (const stack of stacks) {
    for (const [logicalId, resource] of Object.entries(stack.template.Resources ?? {})) {
      if (resource.Condition && !scope(stack).condition(resource.Condition)) continue;
      live.set(key(stack, logicalId), enliven(stack, logicalId, resource));
    }
  }

  return {
    all: () => [...live.values()],
    ofType: type => [...live.values()].filter(resource => resource.type === type),
    setAttributes(resource, physicalId, data) {
      custom.set(key(resource.stack, resource.logicalId), { physicalId, data });
    },
  };
}

/** The ARN that CloudFormation gives a stack. */
export function stackId(stack: Stack): string {
  return arnOf('cloudformation', `stack/${stack.name}/local`);
}
