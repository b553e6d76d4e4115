// Whose vault can be purged before its retention ends.

/** It can never be switched off again, so an environment that is thrown away often must do without. */
export const hasPurgeProtection = (environment: string) => !['dev', 'test', 'sandbox'].includes(environment);
