// Security rules that must be reported and security rules that must pass. Each case is judged as a whole group.
import type { Case } from './corpus/case.ts';
import { destinations } from './corpus/destinations.ts';
import { order } from './corpus/order.ts';
import { ports } from './corpus/ports.ts';
import { sources } from './corpus/sources.ts';
import { standalone } from './corpus/standalone.ts';
import { unknowns, unreadable } from './corpus/unreadable.ts';

export const CORPUS: Case[] = [
  ...sources,
  ...ports,
  ...order,
  ...unknowns,
  ...unreadable,
  ...standalone,
  ...destinations,
];
