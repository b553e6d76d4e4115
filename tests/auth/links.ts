// What the stand-in for the auth service mails, over SMTP: links and codes, each of which works once; and whose a link is.
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { createTransport } from 'nodemailer';
import { Refusal } from './sessions.ts';
import type { AuthSettings } from './settings.ts';
import { isBanned, type TokenKind, type User } from './user.ts';

/** Where links lead. */
export interface LinksOptions {
  /** "Site URL", and where this service is (`…/auth/v1`). */
  siteUrl: string;
  externalUrl: string;
  smtpPort: number;
}

/** Which tokens the type of a link may name. */
const KINDS: Record<string, TokenKind[]> = {
  signup: ['confirmation'],
  invite: ['confirmation'],
  recovery: ['recovery'],
  magiclink: ['recovery'],
  email_change: ['changeNew', 'changeCurrent'],
};

export class Links {
  readonly #settings: AuthSettings;
  readonly #options: LinksOptions;
  readonly #transport;

  constructor(settings: AuthSettings, options: LinksOptions) {
    this.#settings = settings;
    this.#options = options;
    this.#transport = createTransport({ host: '127.0.0.1', port: options.smtpPort, secure: false, ignoreTLS: true });
  }

  /** utilities.GetReferrer, IsRedirectURLValid: the site's own host, else the referrer, else "Site URL" itself. */
  redirect(...wanted: (string | null)[]): string {
    const site = new URL(this.#options.siteUrl);
    const isOurs = (address: string | null): address is string =>
      address !== null && URL.canParse(address) && new URL(address).origin === site.origin;
    return wanted.find(isOurs) ?? this.#options.siteUrl;
  }

  /** sendConfirmation, sendPasswordRecovery, sendInvite of internal/api/mail.go; getPath of the templatemailer. */
  async sendLink(user: User, kind: TokenKind, type: string, redirectTo: string, to = user.email): Promise<void> {
    // sendInvite alone is not held back: an invitation may be repeated at once.
    if (type !== 'invite') this.#checkFrequency(user, kind);
    const hash = this.#newToken(user, kind, to).hash;
    const query = new URLSearchParams({ token: hash, type, redirect_to: redirectTo });
    const own = new URLSearchParams({ token_hash: hash, type, next: redirectTo });
    const { siteUrl, externalUrl } = this.#options;
    const href = this.#settings.ownTemplates ? `${siteUrl}/link#${own}` : `${externalUrl}/verify?${query}`;
    await this.#mail(to, type, `<a href="${href.replaceAll('&', '&amp;')}">`);
  }

  /** internal/api/reauthenticate.go */
  async sendCode(user: User): Promise<void> {
    this.#checkFrequency(user, 'reauthentication');
    const { otp } = this.#newToken(user, 'reauthentication', user.email);
    await this.#mail(user.email, 'reauthentication', `<p>${otp}</p>`);
  }

  /** verifyReauthentication of internal/api/reauthenticate.go */
  checkCode(user: User, code: string): void {
    if (user.tokens.reauthentication?.hash !== hashOf(user.email, code) || this.#isExpired(user, 'reauthentication'))
      throw new Refusal(422, 'reauthentication_not_valid', 'Nonce has expired or is invalid');
  }

  /**
   * verifyTokenHash, signupVerify, recoverVerify and emailChangeVerify of internal/api/verify.go: a token works once, for its own type.
   * @returns 'half' for the first of the two links that change an address.
   */
  follow(users: readonly User[], type: string, hash: string): User | 'half' {
    const kinds = KINDS[type];
    if (!kinds) throw new Refusal(400, 'validation_failed', 'Invalid email verification type');
    const expired = new Refusal(403, 'otp_expired', 'Email link is invalid or has expired');
    for (const user of users) {
      const kind = kinds.find((one) => hash !== '' && user.tokens[one]?.hash === hash);
      if (!kind) continue;
      if (isBanned(user)) throw new Refusal(403, 'user_banned', 'User is banned');
      if (this.#isExpired(user, kind)) throw expired;
      if (type === 'email_change' && user.change) {
        delete user.tokens[kind];
        if (!user.change.half) {
          user.change.half = true;
          return 'half';
        }
        user.email = user.change.email;
        delete user.change;
      }
      // A temporary password for who was invited and has none.
      if (type === 'invite' && !user.password && user.invitedAt) user.password = randomBytes(32).toString('hex');
      // models.User.Confirm, Recover: all of the account's links end with one. Recovery confirms the address as well.
      user.tokens = {};
      user.confirmedAt ??= new Date();
      return user;
    }
    throw expired;
  }

  /** validateSentWithinFrequencyLimit */
  #checkFrequency(user: User, kind: TokenKind): void {
    const before = user.tokens[kind];
    if (before && before.sentAt + this.#settings.maxFrequency * 1000 > Date.now())
      throw new Refusal(429, 'over_email_send_rate_limit', 'For security purposes, you can only request this later.');
  }

  /** internal/api/mail.go, sendEmail */
  #newToken(user: User, kind: TokenKind, to: string): { hash: string; otp: string } {
    const { authorizedAddresses } = this.#settings;
    if (authorizedAddresses.length > 0 && !authorizedAddresses.includes(to))
      throw new Refusal(400, 'email_address_not_authorized', `Email address "${to}" cannot be used`);
    const otp = String(randomInt(100_000, 1_000_000));
    const hash = hashOf(to, otp);
    user.tokens[kind] = { hash, sentAt: Date.now() };
    return { hash, otp };
  }

  #isExpired(user: User, kind: TokenKind): boolean {
    return Date.now() >= (user.tokens[kind]?.sentAt ?? 0) + this.#settings.linkLifetime * 1000;
  }

  #mail(to: string, subject: string, html: string) {
    return this.#transport.sendMail({ from: 'auth@platform.example', to, subject, html });
  }
}

/** internal/crypto, GenerateTokenHash */
const hashOf = (email: string, otp: string) =>
  createHash('sha224')
    .update(email + otp)
    .digest('hex');
