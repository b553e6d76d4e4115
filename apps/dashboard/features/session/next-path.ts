/** Where to go after signing in. Only a path of this site: a link that signs in must not lead elsewhere. */
export const safePath = (path: string | null): string => (path && /^\/(?![/\\])/.test(path) ? path : '/admin/devices');
