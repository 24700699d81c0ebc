import { join } from 'node:path';
import { createAppClock } from './app-clock.ts';
import { type Aws, startAws } from './aws/aws.ts';
import { answerControl, type ControlHost, controlPath } from './control/control.ts';
import { takeDataFolder } from './data-folder.ts';
import { declareResources } from './declare-resources.ts';
import { startFakes } from './fakes/fakes.ts';
import { openFrontServer } from './front-server.ts';
import { createFunctionFaults } from './functions/function-faults.ts';
import { createFunctionLogs } from './functions/function-logs.ts';
import { createFunctions, type Functions } from './functions/functions.ts';
import { createGateway } from './gateway/gateway.ts';
import { readApis } from './gateway/read-api.ts';
import { createAsOwner } from './people/as-owner.ts';
import { type CallRoute, createCallRoute } from './people/call-route.ts';
import { createDemoPeople } from './people/demo-people.ts';
import { createProgress } from './progress.ts';
import { runCustomResources } from './run-custom-resources.ts';
import { createInvokeLater, startSources } from './sources/start-sources.ts';
import { synthesise } from './synthesise.ts';
import { readAssembly } from './template/read-assembly.ts';
import { readFunctions } from './template/read-functions.ts';
import { createResources } from './template/resources.ts';

export type CloudOptions = {
  /** TCP port on loopback; 0 lets the system choose. */
  port: number;
  /** Where everything that outlives a start is kept. */
  dataFolder: string;
  /** A PostgreSQL URL; absent, the embedded database is used. */
  databaseUrl?: string;
  /** A cloud assembly that is there already; absent, the application is synthesised when its sources changed. */
  assembly?: string;
  /** Keeps the embedded database in memory: what tests want. */
  inMemory?: boolean;
  /** A file with a state of the embedded database to begin with, as `aws.saveSnapshot` writes it. */
  snapshot?: string;
  /** Empties the data folder first. */
  fresh?: boolean;
  /** Makes a demo person of each role, who can be seen at `/_local/people`. */
  people?: boolean;
  /** Prints nothing. */
  quiet?: boolean;
  /** Prints a line for each request. */
  verbose?: boolean;
};

export type Cloud = {
  /** `http://localhost:<port>`: a marketplace's stage is the first segment of a path. */
  url: string;
  /** The names of the stages. */
  stages: string[];
  /** The local AWS endpoint, its faults and its messages. */
  aws: Aws;
  functions: Functions;
  /** Calls a route as a client at any address would: limits are counted by address, and over HTTP there is one. */
  call: CallRoute;
  close(): Promise<void>;
};

/**
 * Starts the local cloud: what `cdk synth` wrote, on this machine.
 *
 * @throws Error with one sentence for a port, a data folder or a database that cannot be had, for a template that
 *   cannot be run here, and for a migration that fails
 */
export async function startCloud(options: CloudOptions): Promise<Cloud> {
  // Closed in the opposite order of their start, also when a later step fails.
  const closers: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return { ...(await start(options, closer => closers.push(closer))), close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

async function start(
  options: CloudOptions,
  onClose: (closer: () => unknown) => void,
): Promise<Omit<Cloud, 'close'>> {
  const { step, line } = createProgress(options.quiet ? { write: () => undefined } : process.stdout);
  const front = await openFrontServer(options.port);
  onClose(() => front.close());
  onClose(takeDataFolder(options.dataFolder, options.fresh ?? false));

  const assembly = options.assembly ?? (await step('Synthesising the application', () => synthesise()));
  const resources = createResources(readAssembly(assembly));
  const clock = createAppClock();
  const { dataFolder, databaseUrl, inMemory, snapshot } = options;
  const aws = await step('Starting the database and the AWS endpoint', onStep =>
    startAws({
      dataFolder: join(dataFolder, 'aws'),
      databaseUrl,
      inMemory,
      snapshot,
      now: clock.now,
      onStep,
    }),
  );
  onClose(() => aws.close());

  const fakes = await startFakes();
  onClose(() => fakes.close());
  const logs = createFunctionLogs(dataFolder);
  onClose(() => logs.close());
  const faults = createFunctionFaults();
  const functions = createFunctions(
    readFunctions(resources).map(fakes.standIn),
    aws,
    { clockOffset: clock.offset, log: logs.log },
    faults,
  );
  onClose(() => functions.close());
  const invokeLater = createInvokeLater({ resources, functions, aws });
  await declareResources(resources, aws, fakes, async (arn, event) => {
    await invokeLater(arn, event);
  });

  await step('Migrating the database', () => runCustomResources(resources, functions.find));
  // A variable that cannot be resolved fails the start, as it would fail the deployment.
  for (const target of functions.all()) target.definition.variables();
  const apis = readApis(resources);
  const { schedules, close } = startSources({ resources, functions, aws, clock, report: line }, invokeLater);
  onClose(close);

  const onRequest = options.verbose ? line : undefined;
  const gateway = createGateway({ apis, functionOf: functions.find, clock, onRequest });
  const asOwner = createAsOwner(aws);
  const call = createCallRoute(apis, functions.find);
  const people = createDemoPeople({
    asOwner,
    call,
    file: join(dataFolder, 'people.json'),
    now: clock.now,
  });
  if (options.people) {
    // A use case that somebody is writing may refuse them: the rest can be tried all the same.
    await step('Inviting the demo people', () => people.invite()).catch((thrown: Error) =>
      line(`  Not all demo people are there. ${thrown.message}`),
    );
  }
  const control: ControlHost = {
    aws,
    clock,
    faults,
    functions: functions.all(),
    schedules,
    resources,
    people,
    asOwner,
    fakes,
  };
  front.serve((request, response) =>
    request.url?.startsWith(controlPath)
      ? answerControl(control, request, response)
      : gateway(request, response),
  );
  const url = `http://localhost:${front.port}`;
  await fakes.sendWebhooksTo(provider => `${url}/{marketplace}/api/v1/webhooks/${provider}`);
  return {
    url,
    stages: apis.flatMap(api => [...api.stages.keys()]),
    aws,
    functions,
    call,
  };
}
