// An account of the stand-in for the auth service.

/** What is mailed: each kind works once, and a newer one replaces it. */
export type TokenKind = 'confirmation' | 'recovery' | 'changeNew' | 'changeCurrent' | 'reauthentication';

/** A second factor (internal/models/factor.go). */
export interface Factor {
  id: string;
  name: string;
  /** In base 32. */
  secret: string;
  verified: boolean;
  /** The id of the open challenge. */
  challenge?: string;
}

export interface User {
  id: string;
  email: string;
  password?: string;
  confirmedAt?: Date;
  invitedAt?: Date;
  bannedUntil?: Date;
  /** The address it is to change to, and whether one of the two links was opened. */
  change?: { email: string; half: boolean };
  factors: Factor[];
  tokens: Partial<Record<TokenKind, { hash: string; sentAt: number }>>;
}

/** internal/models/user.go, IsBanned */
export const isBanned = ({ bannedUntil }: User) => bannedUntil !== undefined && bannedUntil.getTime() > Date.now();

/** As JSON (internal/models/user.go). */
export function show({ id, email, confirmedAt, invitedAt, factors }: User) {
  const shown = factors.map((factor) => ({
    id: factor.id,
    friendly_name: factor.name,
    factor_type: 'totp',
    status: factor.verified ? 'verified' : 'unverified',
  }));
  return {
    id,
    aud: 'authenticated',
    role: 'authenticated',
    email,
    email_confirmed_at: confirmedAt ?? null,
    invited_at: invitedAt ?? null,
    app_metadata: { provider: 'email', providers: ['email'] },
    user_metadata: {},
    ...(shown.length > 0 && { factors: shown }),
    identities: [{ identity_id: id, id, user_id: id, provider: 'email', identity_data: { email, sub: id } }],
  };
}
