// The public part of the MQTT consumer: what other rooms, operator's commands, benches and tests may use.
export { type BrokerAddress, readBrokerUrl } from './address.ts';
export { type Connection, type FormerFilters, NO_FORMER, openConnection } from './connection.ts';
export { NEW_SESSION, startConsumer } from './consumer.ts';
export type { Delivery } from './delivery.ts';
export { BrokerRefusal } from './reason-codes.ts';
