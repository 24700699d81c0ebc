import { App } from 'aws-cdk-lib/core';
import { expect, test } from 'vitest';
import cdk from '../../cdk.json' with { type: 'json' };
import { readSettings } from '../../lib/settings.ts';

const settingsWith = (context: Record<string, unknown>) =>
  readSettings(new App({ context: { ...cdk.context, ...context }, autoSynth: false }));

test('cdk.json holds a complete set of settings that protects what is deployed', () => {
  expect(settingsWith({})).toMatchObject({ min_capacity: 0.5, sweep_minutes: 1, deletion_protection: true });
});

test('values of the command line arrive as text and are read as what they are', () => {
  const settings = settingsWith({ 'vicinity:max_capacity': '16', 'vicinity:deletion_protection': 'false' });
  expect(settings).toMatchObject({ max_capacity: 16, deletion_protection: false });
});

test('a value that is wrong is named in one line', () => {
  expect(() => settingsWith({ 'vicinity:max_capacity': 'many' })).toThrow(/vicinity:max_capacity: /);
});

test('a value that is missing is named in one line', () => {
  expect(() => settingsWith({ 'vicinity:email_from': undefined })).toThrow(/vicinity:email_from: /);
});
