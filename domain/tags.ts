// Tags of devices, as access.normal_tags and access.are_tags have them in SQL.

/** Tags of one device. */
export const MAX_TAGS = 16;
const TAG = /^[a-z0-9][a-z0-9_.:-]{0,31}$/;

/** What is wrong with a tag, for people. */
export const TAG_RULE = '1 to 32 of a-z, 0-9, "_", ".", ":" and "-", beginning with a letter or digit';

/** As tags are kept: small letters, a hyphen for white space, each once, in order. */
export function normalTags(tags: string[]): string[] {
  const normal = tags.map((tag) => tag.trim().toLowerCase().replace(/\s+/g, '-'));
  return [...new Set(normal)].filter((tag) => tag !== '').sort();
}

/** Whether a normal tag is allowed. */
export const isTag = (tag: string): boolean => TAG.test(tag);
