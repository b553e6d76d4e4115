// Channels: where a tenant's notifications go. What is secret of one is sealed in this browser; nothing shows it again.
import type { ChatSecrets, WebhookSecrets } from '../../../../domain/sealed-secrets.ts';
import { t } from '../../language/translate.ts';
import { type Api, allRows, COUNTED, call, type FunctionRow, oneRow, type RowOf } from '../session/rows.ts';

/**
 * `destination`: the address, or the host of the URL. `confirmed_at` null: an address that nobody has confirmed. `refused_at`:
 * its reader wants no mails.
 */
const channels = (api: Api) =>
  api
    .from('notification_channels')
    .select('id,tenant_id,name,kind,destination,template,language,enabled,confirmed_at,refused_at', COUNTED);
export type Channel = RowOf<typeof channels>;

export type ChannelKind = Channel['kind'];

/** By name. @throws ApiError, as all below. */
export async function listChannels(tenantId: string): Promise<Channel[]> {
  return allRows((api: Api) => channels(api).eq('tenant_id', tenantId), ['name', 'id']);
}

/** The key to seal for, and from whom mails come: null where the platform sends none. */
export type Sender = FunctionRow<'notification_sender'>;

/** Undefined before the platform has sent anything. */
export function notificationSender(): Promise<Sender | undefined> {
  return oneRow((api) => api.rpc('notification_sender'));
}

/** What a person enters; the parts that its kind has. */
export interface ChannelDraft {
  name: string;
  kind: ChannelKind;
  /** Of `email`. */
  address: string;
  /** Of the others; of a channel that is changed, empty to keep it with its secrets. */
  url: string;
  /** Of `chat`. */
  chat: Omit<ChatSecrets, 'url'>;
  /** Of `chat`: JSON. */
  template: string;
  /** Of its messages: `en` or `id`; a webhook has none. */
  language: Channel['language'];
}

/** @returns the secret that signs a webhook's requests, which cannot be read again; undefined for the other kinds. */
export async function addChannel(tenantId: string, draft: ChannelDraft): Promise<string | undefined> {
  const { name, kind, address, language } = draft;
  const base = { tenant_id: tenantId, name: name.trim(), kind, language };
  if (kind === 'email') {
    await call('add_notification_channel', { ...base, destination: address.trim() });
    return undefined;
  }
  const { secret, ...sealed } = await seal(tenantId, draft);
  await call('add_notification_channel', { ...base, ...sealed, ...templateOf(draft) });
  return secret;
}

/** A new URL takes the place of all secrets. @returns as `addChannel`. */
export async function changeChannel({ id, tenant_id }: Channel, draft: ChannelDraft): Promise<string | undefined> {
  const { secret, ...sealed } = draft.url.trim() === '' ? {} : await seal(tenant_id, draft);
  await call('change_notification_channel', {
    channel_id: id,
    name: draft.name.trim(),
    language: draft.language,
    ...sealed,
    ...templateOf(draft),
  });
  return secret;
}

const templateOf = ({ kind, template }: ChannelDraft) =>
  kind === 'chat' ? { template: JSON.parse(template) as unknown } : {};

async function seal(tenantId: string, { kind, url, chat }: ChannelDraft) {
  const sender = await notificationSender();
  if (!sender)
    throw new Error(t('The platform cannot receive secrets yet: its sender has never run. Try again in a minute.'));
  // Loaded when it is needed: few people add a channel.
  const { newWebhookSecret, sealSecrets } = await import('../../../../domain/sealed-secrets.ts');
  const secret = kind === 'webhook' ? newWebhookSecret() : undefined;
  const address = url.trim();
  const secrets: WebhookSecrets | ChatSecrets = secret
    ? { url: address, secret }
    : { ...chat, url: address, key: chat.key.trim() };
  const sealed = await sealSecrets(secrets, { keyId: sender.key_id, publicKey: sender.public_key }, tenantId);
  return { destination: new URL(address).host, sealed, secret };
}

/** Switching off cancels what waits. */
export async function setChannelEnabled(id: string, enabled: boolean): Promise<void> {
  await call('change_notification_channel', { channel_id: id, enabled });
}

/** With its routes, and what was sent to it. */
export async function deleteChannel(id: string): Promise<void> {
  await call('delete_notification_channel', { channel_id: id });
}

export async function confirmAgain(id: string): Promise<void> {
  await call('send_confirmation_again', { channel_id: id });
}

/** @returns the id of its notification: see `findNotification`. */
export async function sendTest(id: string): Promise<string> {
  return call('send_test_notification', { channel_id: id });
}

/**
 * The answer of the reader of a mail that has the token: they want the mails, or no more of them.
 * @returns the tenant's name; null when the token is not valid.
 */
export async function answerChannel(token: string, wanted: boolean): Promise<string | null> {
  return call('answer_notification_channel', { token, wanted });
}
