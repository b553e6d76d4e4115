// Every configuration key of an environment, from the files of keys/. docs/reference/configuration.md is made from them.
import { z } from 'zod';
import { adoptionKeys } from './keys/adopted.ts';
import { brokerKeys } from './keys/broker.ts';
import { databaseKeys } from './keys/database.ts';
import { environmentKeys } from './keys/environment.ts';
import { watchingKeys } from './keys/watching.ts';

/** The keys below `mqtt-saas:`. */
export const keys = z.strictObject({
  ...environmentKeys,
  ...databaseKeys,
  ...brokerKeys,
  ...watchingKeys,
  ...adoptionKeys,
});
