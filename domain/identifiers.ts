// Names of tenants, devices and service accounts. Slugs name tenants and devices in topics, user names and URLs.

/** 1 to 63 characters: a lower-case letter or digit, then letters, digits and hyphens. No `+ # / .`: see topics.ts. */
export const SLUG_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** Longest slug, in characters. */
export const MAX_SLUG_LENGTH = 63;

/** The user name of a service account. Unlike a device's it has no ".", so the two can never be equal. */
export const SERVICE_USERNAME = /^svc-[a-z0-9-]{1,60}$/;

/** Longest display name of a tenant, a device or an alert rule, in characters. */
export const MAX_NAME_LENGTH = 200;

/** Control characters, line breaks, marks that turn the direction of text; and, at an end, white space or what has no width. */
export const REFUSED_IN_NAME =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for.
  /[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]|^[ \u00a0\u1680\u2000-\u200f\u202f\u205f-\u2065\u3000\ufeff]|[ \u00a0\u1680\u2000-\u200f\u202f\u205f-\u2065\u3000\ufeff]$/;

/** True when `value` may be what people call a tenant, a device or an alert rule: `access.is_display_name` in SQL. */
export function isDisplayName(value: string): boolean {
  const characters = [...value].length;
  return characters >= 1 && characters <= MAX_NAME_LENGTH && !value.includes('\0') && !REFUSED_IN_NAME.test(value);
}

/** Returns `name` if it is a display name. @throws Error that says what is allowed. */
export function assertDisplayName(name: string): string {
  if (!isDisplayName(name)) {
    throw new Error(
      `the name ${JSON.stringify(name)} is not allowed: use 1 to ${MAX_NAME_LENGTH} characters, without control characters, line breaks or spaces at the ends`,
    );
  }
  return name;
}

/** True when `value` may name a tenant or a device. */
export function isSlug(value: string): boolean {
  return SLUG_PATTERN.test(value);
}

/**
 * Returns `value` if it is a slug.
 * @param what names the thing in the error, such as "tenant".
 * @throws Error that says what is wrong and what is allowed.
 */
export function assertSlug(value: string, what: string): string {
  if (!isSlug(value)) {
    throw new Error(
      `${what} ${JSON.stringify(value)} is not a slug: use 1-${MAX_SLUG_LENGTH} of a-z, 0-9 and "-", not beginning with "-"`,
    );
  }
  return value;
}

/** The MQTT user name of a device: `<tenant>.<device>`. A slug has no ".", so this is unambiguous. */
export function deviceUsername(tenant: string, device: string): string {
  return `${assertSlug(tenant, 'tenant')}.${assertSlug(device, 'device')}`;
}
