// How large, deep and far from now a tenant's messages may be.
import { MAX_AHEAD } from './timestamps.ts';

/** Bounds on one tenant's messages. A tenant may have tighter ones than the default, never wider. */
export interface MessageLimits {
  /** Largest payload in bytes, as sent and as decoded. */
  maxPayloadBytes: number;
  /** Deepest nesting of objects and arrays in a reading. */
  maxDepth: number;
  /** How far after its receipt a reading may be dated, in seconds. */
  maxAheadSeconds: number;
  /** How far before its receipt a reading may be dated, in seconds; undefined: to the year 2000. */
  maxAgeSeconds: number | undefined;
}

/** Largest payload that is stored, in bytes. The broker drops larger ones before they get here. */
export const MAX_PAYLOAD_BYTES = 128 * 1024;

/** Deepest nesting of objects and arrays. Postgres' JSON parser is recursive and stops by its stack's size. */
export const MAX_DEPTH = 32;

/** Most readings in one message: bounds what a message of a few kilobytes can cost. */
export const MAX_READINGS = 1000;

/** Longest declared id of a message, in bytes of UTF-8; it becomes part of an index key. */
export const MAX_ID_BYTES = 128;

/** Longest name of a field that stands in a topic, in bytes of UTF-8. */
export const MAX_FIELD_BYTES = 128;

/** What holds for a tenant without limits of its own, and the widest that can be set. */
export const DEFAULT_LIMITS: MessageLimits = {
  maxPayloadBytes: MAX_PAYLOAD_BYTES,
  maxDepth: MAX_DEPTH,
  maxAheadSeconds: MAX_AHEAD / 1_000_000,
  maxAgeSeconds: undefined,
};

/** How a device's messages are read, as its tenant says. */
export interface ReadingRules {
  /** Members that hold the time of a reading without `ts`, the first that is there; `params.ts` is one inside another. */
  timeMembers: readonly string[];
  /** Arrays are SenML packs, whatever their content type. */
  isSenml: boolean;
  /** A time outside the allowed range is that of a clock nobody has set: the time of receipt takes its place. */
  repairsClock: boolean;
  /** A message that equals the device's previous one and came less than this many milliseconds after it is a repeat. */
  repeatMs: number;
}

/** Most members that can be named for the time. */
export const MAX_TIME_MEMBERS = 8;
/** Names of members for the time, with commas between them. */
export const TIME_MEMBERS_PATTERN = /^([A-Za-z0-9_.:@-]{1,64}(,[A-Za-z0-9_.:@-]{1,64})*)?$/;
/** Longest window for repeats, in milliseconds. */
export const MAX_REPEAT_MS = 60_000;

/** What holds for a device without rules of its own or its tenant's. */
export const DEFAULT_RULES: ReadingRules = { timeMembers: [], isSenml: false, repairsClock: false, repeatMs: 1000 };
