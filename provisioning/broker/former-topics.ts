// Rights on topics that devices keep from before the platform: a device may publish to its own, ingest may read them.
import { assertFormerTopic, formerFilter } from '../../domain/former-topics.ts';

/** A device's. @throws Error when one may not be kept. */
export const formerWrites = (topics: readonly string[]): string[] =>
  topics.map((topic) => `write:${assertFormerTopic(topic)}/#`).toSorted();

/** Ingest's, by the topics' first words. @throws Error when one is none. */
export const formerReads = (roots: readonly string[]): string[] =>
  roots.map((root) => `read:${formerFilter(root)}`).toSorted();
