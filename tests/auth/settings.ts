// How the stand-in for the auth service is set up.

/** What an operator sets in Supabase under Authentication. */
export interface AuthSettings {
  disableSignup: boolean;
  autoconfirm: boolean;
  minimumLength: number;
  /** "Secure password change". */
  secureChange: boolean;
  /** Seconds between two mails of a kind to one account. Supabase's default: 60. */
  maxFrequency: number;
  /** Seconds that a mailed link works. Supabase's default: 3600. */
  linkLifetime: number;
  /** While there is no mail server of the project's own, Supabase mails these alone. Empty: everybody. */
  authorizedAddresses: string[];
  /** Mail templates as docs/deploy.md has them, instead of Supabase's. */
  ownTemplates: boolean;
}

export const DEFAULTS: AuthSettings = {
  disableSignup: false,
  autoconfirm: false,
  minimumLength: 12,
  secureChange: false,
  maxFrequency: 0,
  linkLifetime: 3600,
  authorizedAddresses: [],
  ownTemplates: false,
};
