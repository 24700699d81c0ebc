import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { common, Refusal } from '../kernel/refusal.ts';
import { everyone, type UseCase, useCase } from '../kernel/use-case.ts';

const declared = useCase({
  route: 'GET /',
  summary: 'Answer a request that no route takes',
  access: everyone(),
  input: z.looseObject({}),
  output: z.never(),
  async run() {
    throw new Refusal(common.not_found);
  },
});

/**
 * API Gateway sends here what matches no route, so that a client gets a problem document for it as for anything else.
 * `credentials`, since a token that has run out must not turn the 404 into a 401.
 */
export const answerUnknownRoute: UseCase = {
  ...declared,
  contract: { ...declared.contract, path: '$default', credentials: true },
};

export const handler = http(answerUnknownRoute);
