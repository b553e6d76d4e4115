import NextLink from 'next/link';
import type { ComponentProps } from 'react';

/**
 * A link within the dashboard. Where it leads is loaded when it is followed: loaded before, a table of devices would ask
 * for one page a row, and browsers warn of style sheets that nothing uses.
 */
export const Link = (props: ComponentProps<typeof NextLink>) => <NextLink prefetch={false} {...props} />;
