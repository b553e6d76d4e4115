// What a Pages Function is given (https://developers.cloudflare.com/pages/functions/api-reference/), as far as it is used.

/** The site's bindings: public values only, nothing here is a secret. */
export interface Bindings {
  /** `https://REF.supabase.co`. Default: the dashboard's own origin. */
  SUPABASE_URL?: string;
  /** `sb_publishable_…`. */
  SUPABASE_PUBLISHABLE_KEY?: string;
  /** Where devices connect, MQTT over TLS. */
  BROKER_HOST?: string;
  /** Default: 8883. */
  BROKER_PORT?: string;
  /** PEM of the CA that devices have to trust; none when the broker's certificate is from a public CA. */
  BROKER_CA?: string;
  /** `no` where the auth service writes its mails into a log. Default: it sends them. */
  SENDS_MAIL?: string;
  /** `no` where the auth service has no second factors. Default: it has. */
  SECOND_FACTOR?: string;
  /** Where the functions answer questions, `https://APP/api/questions`. Default: there are none. */
  QUESTIONS_URL?: string;
  /** `dev`, `prod`, `local`, …: shown to people, so that they know where they are. */
  ENVIRONMENT?: string;
}

/** One request. */
export interface Context {
  request: Request;
  env: Bindings;
}

/** Where the API is, without a slash at the end. */
export function supabaseUrl({ request, env }: Context): string {
  return (env.SUPABASE_URL || new URL(request.url).origin).replace(/\/+$/, '');
}

/** Headers of every answer: `_headers` does not apply to Pages Functions' responses. */
export const PLAIN_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
};
