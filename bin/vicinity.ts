import { buildApp } from '../lib/app.ts';

// The CDK command line says where to write and which context it was given; both reach the app by its environment.
await buildApp();
