// Slugs as people type them.
import { isSlug, MAX_SLUG_LENGTH } from '../../../../domain/identifiers.ts';
import { t } from '../../language/translate.ts';

/** What is wrong with a slug, or undefined. */
export function slugProblem(slug: string): string | undefined {
  return isSlug(slug)
    ? undefined
    : t('Use 1 to {most} of a–z, 0–9 and hyphens, not beginning with a hyphen.', {
        most: MAX_SLUG_LENGTH,
      });
}

/** A slug from a name: `Cold room, 2nd floor` becomes `cold-room-2nd-floor`. Empty when the name has no usable letter. */
export function slugFrom(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, MAX_SLUG_LENGTH)
    .replace(/-+$/, '');
}
