// The public part of the MQTT consumer: what other rooms, operator's commands, benches and tests may use.
export { type BrokerAddress, certifiedName, readBrokerUrl } from './address.ts';
export { type FormerFilters, NO_FORMER } from './client.ts';
export { type Connection, openConnection } from './connection.ts';
export { type Consumer, NEW_SESSION, startConsumer } from './consumer.ts';
export { BrokerRefusal, NO_MATCHING_SUBSCRIBERS, nameReason } from './reason-codes.ts';
export { createSipHash } from './siphash.ts';
export { createStampReader, type ReadStamp, STAMP_PROPERTY } from './stamp.ts';
