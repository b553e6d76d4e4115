// The public part of the Kafka consumer: what ingest may use.
export { type KafkaAddress, kafkaSource, type RecordForm } from './source.ts';
