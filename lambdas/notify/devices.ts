import * as z from 'zod/mini';
import { id, instant } from '../kernel/fields.ts';

export const platform = z.enum(['ios', 'android', 'web']).check(z.meta({ examples: ['ios'] }));

/** A device that takes push messages, as its owner sees it. */
export const Device = z.object({ id: id('device'), platform, created_at: instant });
