/* The gate: a plugin of the broker that decides who may connect, publish, read and subscribe, and stamps what devices send.
 *
 *   plugin_opt_registry_file  required: who may connect (registry.c). The gate reads it again when it changes; no signal is needed.
 *   plugin_opt_key_file       32 hexadecimal digits, shared with ingest. Without the file messages are not stamped.
 *   plugin_opt_max_payload    bytes of the largest payload that ingest stores.
 *   plugin_opt_tenant_rate    messages a second that all devices of a tenant may send on average; 0: as many as they like.
 *   plugin_opt_tenant_connections  devices of a tenant that may be connected at a time; 0: as many as they like.
 *   plugin_opt_max_queued_messages, plugin_opt_max_queued_bytes  the broker's own bounds of a queue; 0: none.
 *   plugin_opt_figures_file   where it writes every five seconds, as Prometheus text, how much waits for ingest.
 *   plugin_opt_state_file     mosquitto.db, from which the broker starts: how much waits for ingest is read from it.
 *
 * Everything here runs in the broker's one thread. */
#include "files.h"
#include "gate.h"
#include "mosquitto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))

enum {
	LOOK_EVERY_MS = 20,             /* at the registry file */
	LARGEST_REGISTRY = 256 << 20,   /* bytes; a million devices are below */
	PROTOCOL_5 = 5,
	LINES_A_SECOND = 10,            /* of log about what clients do */
	MOST_LISTED = 16,               /* refused devices of a tenant that are told by name */
};

static struct {
	void *plugin;
	const char *registry_file, *state_file, *figures_file;
	struct file_state registry_seen;
	struct registry *registry;
	struct stamper stamper;
	uint32_t max_payload;
	unsigned tenant_rate, tenant_connections;
	struct bounds queue;
	int64_t looked_ms, counted_ms, swept_ms;
	bool counts_changed, forgetting, knows_properties;
	bool reloading; /* the broker asks again about sessions it has */
	bool full;      /* as it was last said */
	int64_t full_said_ms, figures_ms;
	bool figures_fail;
	uint64_t unknown_users;
	int64_t line_second;
	int lines;
	char **kicks; /* user names to cut off at the next tick */
	size_t kick_count;
} gate;

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Client ids and topics are the client's words: nothing of them that is not printable gets into the log. */
static void say(const struct account *account, const char *what, const char *about) {
	const int64_t second = now_ms() / 1000;
	if (second != gate.line_second) {
		gate.line_second = second;
		gate.lines = 0;
	}
	if (gate.lines++ >= LINES_A_SECOND) return;
	char text[128];
	size_t length = 0;
	for (; about[length] && length < sizeof text - 1; length++) {
		text[length] = about[length] >= ' ' && about[length] <= '~' ? about[length] : '?';
	}
	text[length] = '\0';
	mosquitto_log_printf(LOG_NOTICE, "gate: %s: %s %s", account->name, what, text);
}

static void count_of(struct tenant *tenant, enum reason reason) {
	if (!tenant) return;
	tenant->counts[reason]++;
	gate.counts_changed = true;
}

static void count(struct account *account, enum reason reason) {
	count_of(account->tenant, reason);
	account->heard = true;
	if (reason == ACCEPTED) return;
	account->refused = reason;
	account->refused_ms = now_ms();
}

/* ---- the registry ---- */

static void kick_later(const char *name) {
	char **more = realloc(gate.kicks, (gate.kick_count + 1) * sizeof *more);
	char *copy = more ? strdup(name) : NULL;
	if (more) gate.kicks = more;
	if (copy) gate.kicks[gate.kick_count++] = copy;
}

/* A client that signs in again takes the place of the connection that was to be cut off. */
static void do_not_kick(const char *name) {
	for (size_t i = 0; i < gate.kick_count; i++) {
		if (!gate.kicks[i] || strcmp(gate.kicks[i], name) != 0) continue;
		free(gate.kicks[i]);
		gate.kicks[i] = NULL;
	}
}

static void topic_of_counts(const struct tenant *tenant, char topic[128]) {
	snprintf(topic, 128, "$SYS/broker/gate/tenants/%.*s", (int)tenant->name_length, tenant->name);
}

/* The counters of a tenant begin when it comes. Those of one that is gone are no longer told, or who takes its name would get them. */
static void begin_counts(const struct registry *from, const struct registry *to) {
	const int64_t now = now_ms();
	for (size_t i = 0; i < to->tenant_count; i++) {
		if (to->tenants[i].since_ms == 0) to->tenants[i].since_ms = now;
	}
	for (size_t i = 0; from && i < from->tenant_count; i++) {
		char topic[128];
		if (from->tenants[i].told == 0 || registry_find_tenant(to, from->tenants[i].name)) continue;
		topic_of_counts(&from->tenants[i], topic);
		mosquitto_broker_publish_copy(NULL, topic, 0, "", 0, true, NULL);
	}
}

/* Accounts that are gone or have another key are cut off. */
static void kick_changed(const struct registry *from, const struct registry *to) {
	for (size_t i = 0; i < from->count; i++) {
		const struct account *before = &from->accounts[i];
		if (before->tenant && !before->client) continue;
		struct account *after = registry_find(to, before->name);
		if (after && strcmp(after->hash, before->hash) == 0) continue;
		kick_later(before->name);
		if (after) connection_ended(after);
	}
}

static bool load_registry(void) {
	size_t length = 0;
	char problem[256] = "cannot be read, or is too large";
	char *text = read_whole(gate.registry_file, LARGEST_REGISTRY, &length);
	struct registry *registry = text ? registry_parse(text, length, problem) : NULL;
	if (!registry) {
		mosquitto_log_printf(LOG_ERROR, "gate: %s is refused: %s%s", gate.registry_file, problem,
		                     gate.registry ? "; the accounts before stay in force" : "");
		return false;
	}
	if (gate.registry) {
		registry_take_over(registry, gate.registry);
		kick_changed(gate.registry, registry);
	}
	begin_counts(gate.registry, registry);
	registry_free(gate.registry);
	gate.registry = registry;
	gate.counts_changed = true;
	mosquitto_log_printf(LOG_NOTICE, "gate: %zu accounts are in force", registry->count);
	return true;
}

static void look_at_registry(int64_t now) {
	if (now - gate.looked_ms < LOOK_EVERY_MS && now >= gate.looked_ms) return;
	gate.looked_ms = now;
	if (has_changed(gate.registry_file, &gate.registry_seen)) load_registry();
}

static struct account *account_of(const struct mosquitto *client) {
	return registry_find(gate.registry, mosquitto_client_username(client));
}

/* ---- what the broker asks ---- */

/* The control loop ends the session of a device that is gone: it signs in by the device's name, with "svc-control:KEY" as password, and
 * starts clean. It may do nothing else there: no account has that name. Gives the hash that must match, and moves `password` to the
 * key; NULL: nobody may sign in so. */
static const char *hash_to_end(const char *username, const char **password) {
	char name[LONGEST_SERVICE + 1];
	const char *colon = *password ? strchr(*password, ':') : NULL;
	const size_t length = colon ? (size_t)(colon - *password) : sizeof name;
	if (length >= sizeof name || !username || !strchr(username, '.')) return NULL;
	memcpy(name, *password, length);
	name[length] = '\0';
	const struct account *control = is_control(name) ? registry_find(gate.registry, name) : NULL;
	if (!control) return NULL;
	*password = colon + 1;
	return control->hash;
}

static int on_basic_auth(int event, void *data, void *own) {
	(void)event, (void)own;
	const struct basic_auth *asked = data;
	const int64_t now = now_ms();
	look_at_registry(now);
	struct account *account = registry_find(gate.registry, asked->username);
	const char *password = asked->password;
	const char *hash = account ? account->hash : hash_to_end(asked->username, &password);
	const bool matches = password && password_matches(hash, password);
	if (!account && matches) return ANSWER_OK;
	if (!account) {
		gate.unknown_users++;
		count_of(registry_find_tenant(gate.registry, asked->username), UNKNOWN_DEVICE);
		return ANSWER_REFUSED;
	}
	if (!matches) {
		count(account, WRONG_KEY);
		return ANSWER_REFUSED;
	}
	/* No new connection, so nothing that waits will be asked about. */
	if (gate.reloading && (asked->client == account->client || asked->client == account->ended)) return ANSWER_OK;
	/* Closed without an answer: firmware that is refused may never try again. */
	if (is_banned(account, now)) return ANSWER_CLOSE;
	if (!connections_allow(account, gate.tenant_connections)) {
		count(account, CONNECTIONS);
		say(account, "may not connect: its tenant has as many connections", "as it may have");
		return ANSWER_CLOSE;
	}
	do_not_kick(account->name);
	if (account->client != asked->client) account->heard = false;
	connection_began(account, asked->client);
	if (account->backlog) backlog_begin(account->backlog, now);
	account->keep_alive = mosquitto_client_keepalive(asked->client);
	account->seen_ms = now;
	account->forgetting = account->fresh;
	gate.forgetting |= account->fresh;
	account->fresh = false;
	return ANSWER_OK;
}

/* SIGHUP: up to 2.0 the broker asks again about every session whose password it has in memory, before its next tick. */
static int on_reload(int event, void *data, void *own) {
	(void)event, (void)data, (void)own;
	gate.reloading = true;
	return ANSWER_OK;
}

/* What waits in a session is judged while its client connects: whatever else happens comes after. */
static void stop_forgetting(void) {
	if (!gate.forgetting) return;
	gate.forgetting = false;
	for (size_t i = 0; i < gate.registry->count; i++) gate.registry->accounts[i].forgetting = false;
}

/* Ingest says what it is done with, of its connection that stands. */
static void take_done(struct account *account, const struct acl_check *asked) {
	if (account->client != asked->client) return;
	if (backlog_done(account->backlog, asked->payload, asked->payload_length, now_ms())) gate.counts_changed = true;
	else say(account, "tells what cannot be on", asked->topic);
}

static int may_publish(struct account *account, const struct acl_check *asked) {
	/* As max_qos says, which the broker forgets at its first reload. */
	if (asked->qos > 1) {
		say(account, "may not publish with QoS 2 to", asked->topic);
		return ANSWER_CLOSE;
	}
	/* A will is sent when its connection has ended, past on_message. Only a connection that stands may publish. */
	if (account->tenant && account->client != asked->client) {
		count(account, WILL);
		say(account, "has a will, which is not sent, to", asked->topic);
		return ANSWER_DENIED;
	}
	if (account->backlog && strcmp(asked->topic, DONE_TOPIC) == 0) {
		take_done(account, asked);
		return ANSWER_OK;
	}
	if (may_write(account, asked->topic)) return ANSWER_OK;
	count(account, FOREIGN_TOPIC);
	say(account, "may not publish to", asked->topic);
	/* The broker keeps ten topics of a connection as aliases of MQTT 5, even those that are refused: none may be long. */
	if (strlen(asked->topic) > LONGEST_TOPIC) return ANSWER_CLOSE;
	/* MQTT 5 is told, and QoS 0 promises nothing. Else the broker would acknowledge what it drops. */
	const bool told = mosquitto_client_protocol_version(asked->client) == PROTOCOL_5 || asked->qos == 0;
	return told ? ANSWER_DENIED : ANSWER_CLOSE;
}

static bool may_read_now(struct account *account, const struct acl_check *asked) {
	if (account->forgetting || !may_read(account, asked->topic)) return false;
	/* The broker is about to put it into the account's queue, or finds it there as its client connects. */
	if (account->backlog && *asked->topic != '$') backlog_add(account->backlog, asked->payload_length);
	return true;
}

static int on_acl_check(int event, void *data, void *own) {
	(void)event, (void)own;
	const struct acl_check *asked = data;
	look_at_registry(now_ms());
	struct account *account = account_of(asked->client);
	if (asked->access == ACCESS_UNSUBSCRIBE) return is_shared(asked->topic) ? ANSWER_DENIED : ANSWER_OK;
	if (asked->access != ACCESS_READ) stop_forgetting();
	if (!account) return ANSWER_DENIED;
	switch (asked->access) {
	case ACCESS_WRITE:
		return may_publish(account, asked);
	case ACCESS_READ:
		/* Counters are told to those who are there. Waiting in a session they would take the room of readings. */
		if (*asked->topic == '$' && account->client != asked->client) return ANSWER_DENIED;
		return may_read_now(account, asked) ? ANSWER_OK : ANSWER_DENIED;
	case ACCESS_SUBSCRIBE:
		if (may_subscribe(account, asked->topic, mosquitto_client_sub_count(asked->client))) {
			account->heard = true;
			return ANSWER_OK;
		}
		count(account, FOREIGN_FILTER);
		say(account, "may not subscribe to", asked->topic);
		return ANSWER_DENIED;
	default:
		return ANSWER_DENIED;
	}
}

/* Makes of a device's message what ingest can store or keep as a dead letter. Topics are changed in place, because up to
 * 2.0.11 the broker does not free one that is replaced. */
static void make_storable(struct account *account, struct message *message, char note[LONGEST_NOTE + 2]) {
	/* Nobody asks for retained messages, and they would outlive the device. */
	message->retain = false;
	note[0] = '\0';
	if (message->payload_length > gate.max_payload) {
		snprintf(note, LONGEST_NOTE, "z%u", message->payload_length);
		count(account, OVERSIZE);
		say(account, "sent a larger payload than is kept to", message->topic);
		/* The broker frees the former payload. */
		message->payload = NULL;
		message->payload_length = 0;
	}
	const char *rest = own_rest(account->name, message->topic);
	if (!rest || is_channel(rest)) return;
	note_of_channel(rest, note);
	count(account, WRONG_CHANNEL);
	say(account, "sent to no channel of the platform:", message->topic);
	memcpy(message->topic + (rest - message->topic), "-", 2);
}

/* An account of ingest whose queue is full, and into which a message to `topic` would come; NULL: any topic. */
static const struct account *full_queue(const char *topic) {
	for (const struct account *ingest = gate.registry->ingest; ingest; ingest = ingest->next_ingest) {
		if (backlog_is_full(ingest->backlog, &gate.queue) && (!topic || may_read(ingest, topic))) return ingest;
	}
	return NULL;
}

static int refuse_for_full_queue(struct account *account, const struct message *message, int64_t now) {
	count(account, FULL);
	/* As in may_publish: a message of QoS 1 that is dropped must not be acknowledged. */
	if (message->qos == 0 || mosquitto_client_protocol_version(message->client) == PROTOCOL_5) return ANSWER_DENIED;
	account->banned_until_ms = now + BAN_MS;
	return ANSWER_CLOSE;
}

static int on_message(int event, void *data, void *own) {
	(void)event, (void)own;
	struct message *message = data;
	struct account *account = account_of(message->client);
	if (!account) return ANSWER_DENIED;
	if (!account->tenant) return ANSWER_OK;
	const int64_t now = now_ms();
	account->seen_ms = now;
	if (!rate_allows(account->tenant, gate.tenant_rate, now)) {
		account->banned_until_ms = now + BAN_MS;
		count(account, RATE);
		say(account, "is cut off for five seconds: its tenant sends faster than", "its rate");
		return ANSWER_CLOSE;
	}
	/* The bounds of a queue count payload only, and a small property takes 16 times its bytes in memory. Only clients of MQTT 5 send
	 * any, and those are told. */
	if (gate.knows_properties && !properties_are_small(message->properties)) {
		count(account, OVERSIZE);
		say(account, "sent more properties than are kept to", message->topic);
		return ANSWER_DENIED;
	}
	/* What goes to no channel will be sent to ingest. */
	const char *rest = own_rest(account->name, message->topic);
	if (full_queue(rest && !is_channel(rest) ? NULL : message->topic)) return refuse_for_full_queue(account, message, now);
	char note[LONGEST_NOTE + 2], stamp[STAMP_SIZE];
	make_storable(account, message, note);
	if (gate.stamper.has_key && stamp_next(&gate.stamper, message->topic, now, note, stamp) &&
	    mosquitto_property_add_string_pair(&message->properties, PROPERTY_USER, "gate", stamp) != ANSWER_OK) {
		return ANSWER_NO_MEMORY;
	}
	count(account, ACCEPTED);
	return ANSWER_OK;
}

static int on_disconnect(int event, void *data, void *own) {
	(void)event, (void)own;
	const struct disconnect *ended = data;
	struct account *account = account_of(ended->client);
	if (account && account->client == ended->client) {
		/* The broker refuses QoS 2 and large packets before it asks, and tells a plugin no reason. */
		if (was_fruitless(account, now_ms())) count(account, FRUITLESS);
		connection_ended(account);
	}
	if (mosquitto_client_username(ended->client)) return ANSWER_OK;
	/* A CONNECT without a user name was refused. Up to 2.0.12 the broker now deletes the session that its client id names,
	 * whosever it is, and crashes or loses messages later. Under a name that no session has it finds none. */
	char *id = (char *)(uintptr_t)mosquitto_client_id(ended->client);
	if (id && *id) *id = '\x7f';
	return ANSWER_OK;
}

/* ---- what is due ---- */

static void kick_all(void) {
	for (size_t i = 0; i < gate.kick_count; i++) {
		if (gate.kicks[i]) mosquitto_kick_client_by_username(gate.kicks[i], false);
		free(gate.kicks[i]);
	}
	gate.kick_count = 0;
}

/* Cuts off connections that are taken for dead. */
static void sweep(int64_t now) {
	if (now - gate.swept_ms < 60000 && now >= gate.swept_ms) return;
	gate.swept_ms = now;
	for (size_t i = 0; i < gate.registry->count; i++) {
		struct account *account = &gate.registry->accounts[i];
		if (account->tenant && is_silent(account, now)) kick_later(account->name);
	}
}

/* Says when the queue becomes full and when it no longer is, at most once a minute. Where a count is doubtful, ingest's connection is
 * ended, so that the next one counts again. */
static void look_at_backlogs(int64_t now) {
	for (const struct account *ingest = gate.registry->ingest; ingest; ingest = ingest->next_ingest) {
		if (ingest->client && backlog_is_doubtful(ingest->backlog, &gate.queue, now)) kick_later(ingest->name);
	}
	const struct account *full = full_queue(NULL);
	if (gate.full == !!full || (now - gate.full_said_ms < 60000 && now >= gate.full_said_ms)) return;
	gate.full = full;
	gate.full_said_ms = now;
	if (!full) mosquitto_log_printf(LOG_NOTICE, "gate: the queue for ingest has room again");
	else mosquitto_log_printf(LOG_WARNING, "gate: the queue of %s is full: what devices publish is refused until it drains", full->name);
}

static struct bounds waits_for_ingest(void) {
	struct bounds waiting = {0};
	for (const struct account *ingest = gate.registry->ingest; ingest; ingest = ingest->next_ingest) {
		const struct backlog *backlog = ingest->backlog;
		waiting.messages += backlog->messages - backlog->done_messages;
		waiting.bytes += backlog->bytes - backlog->done_bytes;
	}
	return waiting;
}

static void write_figures(int64_t now) {
	if (!gate.figures_file || (now - gate.figures_ms < 5000 && now >= gate.figures_ms)) return;
	gate.figures_ms = now;
	const struct bounds waiting = waits_for_ingest();
	uint64_t refused = 0;
	for (size_t i = 0; i < gate.registry->tenant_count; i++) refused += gate.registry->tenants[i].counts[FULL];
	const struct {
		const char *name;
		uint64_t value;
	} figures[] = {
		{"messages", waiting.messages}, {"bytes", waiting.bytes}, {"most_messages", gate.queue.messages},
		{"most_bytes", gate.queue.bytes}, {"full", full_queue(NULL) != NULL}, {"refused", refused},
	};
	char text[1024];
	int length = 0;
	for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
		length += snprintf(text + length, sizeof text - (size_t)length, "# TYPE mqtt_saas_broker_queue_%s gauge\nmqtt_saas_broker_queue_%s %llu\n",
		                   figures[i].name, figures[i].name, (unsigned long long)figures[i].value);
	}
	const bool fails = !replace_file(gate.figures_file, text);
	if (fails && !gate.figures_fail) mosquitto_log_printf(LOG_WARNING, "gate: %s cannot be written", gate.figures_file);
	gate.figures_fail = fails;
}

static void publish_counts_of(const char *topic, const uint64_t counts[REASONS], const char *more) {
	char text[4096];
	int length = 0;
	for (int reason = 0; reason < REASONS; reason++) {
		length += snprintf(text + length, sizeof text - (size_t)length, "%c\"%s\":%llu", reason ? ',' : '{', reason_names[reason],
		                   (unsigned long long)counts[reason]);
	}
	length += snprintf(text + length, sizeof text - (size_t)length, "%s}", more);
	mosquitto_broker_publish_copy(NULL, topic, length, text, 0, true, NULL);
}

/* Devices that were refused something within two minutes, because ingest may look once a minute. Not all, where there are many. */
static void list_refused(const struct tenant *tenant, int64_t now, char *text, size_t size) {
	int length = snprintf(text, size, ",\"since\":%lld,\"devices\":{", (long long)tenant->since_ms);
	int listed = 0;
	for (size_t i = 0; i < tenant->account_count && listed < MOST_LISTED; i++) {
		const struct account *account = &gate.registry->accounts[tenant->first + i];
		if (account->refused_ms == 0 || now - account->refused_ms > 2 * 60 * 1000) continue;
		length += snprintf(text + length, size - (size_t)length, "%s\"%s\":[\"%s\",%lld]", listed++ ? "," : "",
		                   account->name + tenant->name_length + 1, reason_names[account->refused], (long long)account->refused_ms);
	}
	snprintf(text + length, size - (size_t)length, "}");
}

/* One message for the whole, and one for each tenant whose messages were not all accepted. Retained, but never saved. */
static void publish_counts(int64_t now) {
	if (!gate.counts_changed || (now - gate.counted_ms < 1000 && now >= gate.counted_ms)) return;
	gate.counted_ms = now;
	gate.counts_changed = false;
	uint64_t sum[REASONS] = {0};
	for (size_t i = 0; i < gate.registry->tenant_count; i++) {
		struct tenant *tenant = &gate.registry->tenants[i];
		uint64_t others = 0;
		for (int reason = 0; reason < REASONS; reason++) {
			sum[reason] += tenant->counts[reason];
			if (reason != ACCEPTED) others += tenant->counts[reason];
		}
		if (others == tenant->told) continue;
		tenant->told = others;
		char topic[128], more[MOST_LISTED * 128 + 64];
		topic_of_counts(tenant, topic);
		list_refused(tenant, now, more, sizeof more);
		publish_counts_of(topic, tenant->counts, more);
	}
	const struct bounds waiting = waits_for_ingest();
	char more[128];
	snprintf(more, sizeof more, ",\"unknown_user\":%llu,\"waiting\":%llu,\"waiting_bytes\":%llu", (unsigned long long)gate.unknown_users,
	         (unsigned long long)waiting.messages, (unsigned long long)waiting.bytes);
	publish_counts_of("$SYS/broker/gate/counters", sum, more);
}

static int on_tick(int event, void *data, void *own) {
	(void)event, (void)own;
	struct tick *tick = data;
	const int64_t now = now_ms();
	look_at_registry(now);
	gate.reloading = false;
	stop_forgetting();
	sweep(now);
	look_at_backlogs(now);
	kick_all();
	publish_counts(now);
	write_figures(now);
	/* For 2.1, which sleeps as long as nobody asks it not to. */
	tick->next = 100;
	return ANSWER_OK;
}

/* ---- start and end ---- */

static const struct {
	int event;
	callback call;
} callbacks[] = {
	{EVENT_BASIC_AUTH, on_basic_auth}, {EVENT_ACL_CHECK, on_acl_check}, {EVENT_MESSAGE, on_message},
	{EVENT_DISCONNECT, on_disconnect}, {EVENT_RELOAD, on_reload},       {EVENT_TICK, on_tick},
	{EVENT_CLIENT_OFFLINE, on_disconnect},
};
enum { CALLBACKS = sizeof callbacks / sizeof *callbacks };

static unsigned whole_number(const char *text) {
	return (unsigned)strtoul(text, NULL, 10);
}

/* What waits for ingest in the state that the broker starts from. */
static void read_state(void) {
	size_t length = 0;
	const unsigned char *state = gate.state_file ? map_whole(gate.state_file, &length) : NULL;
	const bool known = state ? backlogs_of_state(gate.registry, state, length) : !gate.state_file || !exists(gate.state_file);
	if (state) unmap(state, length);
	if (known) return;
	mosquitto_log_printf(LOG_WARNING, "gate: %s is not a state that the gate knows: what devices publish is refused until ingest connects", gate.state_file);
	for (struct account *ingest = gate.registry->ingest; ingest; ingest = ingest->next_ingest) ingest->backlog->unknown = true;
}

static const char *read_option(const struct mosquitto_opt *option) {
	if (strcmp(option->key, "registry_file") == 0) gate.registry_file = option->value;
	else if (strcmp(option->key, "max_payload") == 0) gate.max_payload = whole_number(option->value);
	else if (strcmp(option->key, "tenant_rate") == 0) gate.tenant_rate = whole_number(option->value);
	else if (strcmp(option->key, "tenant_connections") == 0) gate.tenant_connections = whole_number(option->value);
	else if (strcmp(option->key, "max_queued_messages") == 0) gate.queue.messages = strtoull(option->value, NULL, 10);
	else if (strcmp(option->key, "max_queued_bytes") == 0) gate.queue.bytes = strtoull(option->value, NULL, 10);
	else if (strcmp(option->key, "figures_file") == 0) gate.figures_file = option->value;
	else if (strcmp(option->key, "state_file") == 0) gate.state_file = option->value;
	else if (strcmp(option->key, "key_file") == 0) {
		size_t length = 0;
		char *text = read_whole(option->value, 64, &length);
		if (!text) mosquitto_log_printf(LOG_WARNING, "gate: %s cannot be read: messages get no stamp", option->value);
		gate.stamper.has_key = text && stamp_key(text, gate.stamper.key);
		if (text && !gate.stamper.has_key) return "holds no 32 hexadecimal digits";
		free(text);
	} else return "is not an option of the gate";
	return NULL;
}

static bool start(struct mosquitto_opt *options, int option_count) {
	gate.max_payload = UINT32_MAX;
	for (int i = 0; i < option_count; i++) {
		const char *problem = read_option(&options[i]);
		if (!problem) continue;
		mosquitto_log_printf(LOG_ERROR, "gate: plugin_opt_%s %s %s", options[i].key, options[i].value, problem);
		return false;
	}
	if (!gate.registry_file) {
		mosquitto_log_printf(LOG_ERROR, "gate: plugin_opt_registry_file is missing");
		return false;
	}
	unsigned char boot[4];
	FILE *random = fopen("/dev/urandom", "rb");
	const bool have = random && fread(boot, sizeof boot, 1, random) == 1;
	if (random) fclose(random);
	if (!have) {
		mosquitto_log_printf(LOG_ERROR, "gate: /dev/urandom cannot be read");
		return false;
	}
	snprintf(gate.stamper.boot, sizeof gate.stamper.boot, "%02x%02x%02x%02x", boot[0], boot[1], boot[2], boot[3]);
	gate.knows_properties = properties_are_known();
	if (!gate.knows_properties) {
		mosquitto_log_printf(LOG_WARNING, "gate: this broker keeps properties in a way that is not known here: they are not bounded");
	}
	has_changed(gate.registry_file, &gate.registry_seen);
	if (!load_registry()) return false;
	read_state();
	return true;
}

EXPORT int mosquitto_plugin_version(int count, const int *versions) {
	for (int i = 0; i < count; i++) {
		if (versions[i] == 5) return 5;
	}
	return -1;
}

EXPORT int mosquitto_plugin_init(void *plugin, void **own, struct mosquitto_opt *options, int option_count) {
	*own = NULL;
	gate.plugin = plugin;
	if (!start(options, option_count)) return ANSWER_CLOSE;
	for (int i = 0; i < CALLBACKS; i++) {
		const int answer = mosquitto_callback_register(plugin, callbacks[i].event, callbacks[i].call, NULL, NULL);
		if (answer != ANSWER_OK && callbacks[i].event != EVENT_CLIENT_OFFLINE) return answer;
	}
	mosquitto_log_printf(LOG_NOTICE, "gate: messages are %s", gate.stamper.has_key ? "stamped" : "not stamped");
	return ANSWER_OK;
}

EXPORT int mosquitto_plugin_cleanup(void *own, struct mosquitto_opt *options, int option_count) {
	(void)own, (void)options, (void)option_count;
	for (int i = 0; i < CALLBACKS; i++) mosquitto_callback_unregister(gate.plugin, callbacks[i].event, callbacks[i].call, NULL);
	for (size_t i = 0; i < gate.kick_count; i++) free(gate.kicks[i]);
	free(gate.kicks);
	registry_free(gate.registry);
	memset(&gate, 0, sizeof gate);
	return ANSWER_OK;
}
