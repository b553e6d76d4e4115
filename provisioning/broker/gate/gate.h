/* The parts of the gate and what they know of each other. registry.c, topics.c, stamp.c, limits.c and backlog.c call
 * nothing of Mosquitto: tests and the fuzzer compile them alone. */
#ifndef GATE_H
#define GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- counters: what the gate did, by tenant ---- */
enum reason {
	ACCEPTED,      /* stamped and passed on */
	WRONG_KEY,     /* CONNECT with a wrong key */
	UNKNOWN_DEVICE,/* CONNECT under the tenant's name, as a device that is not registered or disabled */
	WRONG_CHANNEL, /* below the device's prefix, but no channel: made a dead letter */
	OVERSIZE,      /* larger than the platform keeps: made a dead letter; by its properties: refused */
	FOREIGN_TOPIC, /* publish elsewhere: refused, or cut where the protocol has no refusal */
	FOREIGN_FILTER,/* subscription elsewhere: refused */
	WILL,          /* a will: not sent */
	RATE,          /* beyond the tenant's rate: cut */
	CONNECTIONS,   /* CONNECT beyond the tenant's connections: closed */
	FULL,          /* the queue for ingest is full: refused, or cut where the protocol has no refusal */
	FRUITLESS,     /* a connection that ended at once, before anything came: what the broker itself refuses, such as QoS 2 */
	REASONS
};
extern const char *const reason_names[REASONS];

/* ---- registry.c: who may connect ---- */
struct tenant {
	const char *name; /* up to the first "." of a user name */
	size_t name_length;
	size_t first, account_count; /* its accounts, which stand together */
	int64_t since_ms; /* when its counters began at 0; 0: not said yet */
	uint64_t counts[REASONS];
	uint64_t told; /* sum of the refused when it was last published */
	double tokens; /* messages that may still come at once */
	int64_t filled_ms;
	unsigned connections; /* accounts with a connection that stands */
};

/* What waits in the session of one account of ingest: backlog.c. */
struct backlog {
	uint64_t messages, bytes;           /* put into the queue since its last connection began, and what waited then */
	uint64_t done_messages, done_bytes; /* of these, what it says it is done with */
	int64_t progress_ms;                /* when that grew last, or the connection began */
	bool unknown;                       /* the broker's state could not be read, and nobody has connected since */
};

struct account {
	const char *name;
	const char *hash;     /* $7$rounds$salt$key */
	const char *rights;   /* `right_count` texts "read:FILTER" or "write:FILTER", one behind the other */
	unsigned right_count;
	struct tenant *tenant; /* NULL: a service */
	/* State, kept from one registry to the next. */
	const void *client;    /* the connection that signed in last and has not ended */
	const void *ended;     /* the former one, which the broker may keep as the account's session */
	struct backlog *backlog; /* only of ingest's accounts: all of them have one */
	struct account *next_ingest;
	int keep_alive;
	int64_t seen_ms;       /* when it last signed in or published */
	int64_t banned_until_ms;
	bool heard;            /* the connection has published or subscribed, or was told why not */
	bool fresh;            /* the name was not registered before: nobody has signed in since */
	int64_t refused_ms;    /* when it was refused something last, and why */
	enum reason refused;
	bool forgetting;       /* what waits in a session from a former holder of the name is being dropped */
};

struct registry {
	char *text;
	struct account *accounts; /* by name, ascending */
	size_t count;
	struct tenant *tenants;   /* by name, ascending */
	size_t tenant_count;
	struct account *ingest;   /* the first of ingest's accounts, of which each names the next */
};

/* Reads a registry; takes `text` over. NULL: refused, `problem` says why and on which line. */
struct registry *registry_parse(char *text, size_t length, char problem[256]);
/* Takes over what `from` knows of connections, counters and bans; names that are new are fresh. */
void registry_take_over(struct registry *to, const struct registry *from);
struct account *registry_find(const struct registry *registry, const char *name);
/* LONGEST_SERVICE: characters of a service's name. */
enum { LONGEST_SERVICE = 64 };
/* Whether it is a name of the account that sends commands. */
bool is_control(const char *name);
/* The tenant whose name a user name begins with, or that equals `name` in another registry; NULL: none has devices. */
struct tenant *registry_find_tenant(const struct registry *registry, const char *name);
void registry_free(struct registry *registry);

/* ---- password.c ---- */
/* Whether the password belongs to the hash. A hash of NULL, or one that asks for too many rounds, costs the same. */
bool password_matches(const char *hash, const char *password);

/* ---- topics.c ---- */
enum { LONGEST_TOPIC = 512, LONGEST_NOTE = 64, MOST_DEVICE_FILTERS = 8 };
/* Whether a topic matches a filter. */
bool topic_matches(const char *filter, const char *topic);
/* Whether a filter asks only for what `right` allows. */
bool filter_covers(const char *right, const char *filter);
bool filter_is_valid(const char *filter);
/* What follows a device's own prefix "tenants/T/devices/D/" in a topic; NULL: it lies elsewhere. */
const char *own_rest(const char *username, const char *topic);
/* Whether devices publish there: telemetry and all below it, reported, acks, state. */
bool is_channel(const char *rest);
bool has_right(const struct account *account, const char *kind, const char *topic, bool (*allows)(const char *, const char *));
bool may_write(const struct account *account, const char *topic);
bool may_read(const struct account *account, const char *topic);
bool is_shared(const char *filter);
/* `others`: subscriptions that the client has. */
bool may_subscribe(const struct account *account, const char *filter, int others);

/* ---- stamp.c ---- */
enum { STAMP_SIZE = 192 };
struct stamper {
	bool has_key;
	unsigned char key[16];
	char boot[9];
	uint64_t counter;
};
uint64_t siphash24(const unsigned char key[16], const void *data, size_t length);
/* Reads 32 hexadecimal digits. */
bool stamp_key(const char *text, unsigned char key[16]);
/* "<ms>.<boot>.<counter>.<note>.<mac>" for the next message; false: it does not fit. */
bool stamp_next(struct stamper *stamper, const char *topic, int64_t ms, const char *note, char out[STAMP_SIZE]);
/* The note of a topic that names no channel: "c" and the rest of the topic. */
void note_of_channel(const char *rest, char out[LONGEST_NOTE + 2]);

/* ---- properties.c ---- */
/* PROPERTY_BYTES: memory that the broker takes for each beside its name and value. */
enum { MOST_PROPERTY_BYTES = 1024, PROPERTY_BYTES = 96 };
struct mosquitto_property;
/* Whether this broker keeps properties as the gate reads them. */
bool properties_are_known(void);
bool properties_are_small(const struct mosquitto_property *list);

/* ---- backlog.c: what waits for ingest ---- */
enum { DOUBT_MS = 60000 };
/* Where ingest, and nobody else, says what it is done with: domain/topics.ts. No subscription of a device or of former topics
 * matches a topic that begins with $. */
#define DONE_TOPIC "$gate/done"
/* What a session may hold; 0: any number. */
struct bounds {
	uint64_t messages, bytes;
};
/* A connection begins: the broker is about to ask about each message that waits. */
void backlog_begin(struct backlog *backlog, int64_t now_ms);
void backlog_add(struct backlog *backlog, uint32_t payload);
/* Takes "MESSAGES BYTES": what the connection is done with since it began. false: no such text, or impossible. */
bool backlog_done(struct backlog *backlog, const char *text, size_t length, int64_t now_ms);
bool backlog_is_full(const struct backlog *backlog, const struct bounds *most);
/* Whether the count is high and nothing was told for long: it may be too high, because messages can expire. */
bool backlog_is_doubtful(struct backlog *backlog, const struct bounds *most, int64_t now_ms);
/* Counts what waits in a state file that the broker starts from; false: it is not a state that is known here. */
bool backlogs_of_state(struct registry *registry, const unsigned char *state, size_t length);

/* ---- limits.c ---- */
enum { BAN_MS = 5000, BURST_SECONDS = 10, SILENT_MS = 24 * 3600 * 1000, SOON_MS = 10 * 1000, LONG_KEEP_ALIVE = 3600 };
/* Whether the tenant may send one more message now. rate: messages a second; 0: as many as it likes. */
bool rate_allows(struct tenant *tenant, unsigned rate, int64_t now_ms);
/* Whether the account was cut off for its tenant's rate just now. */
bool is_banned(const struct account *account, int64_t now_ms);
/* An account's connection begins, or ends. */
void connection_began(struct account *account, const void *client);
void connection_ended(struct account *account);
/* Whether the account may connect beside the others of its tenant. most: connections of a tenant; 0: any number. */
bool connections_allow(const struct account *account, unsigned most);
/* Whether the connection is taken for dead: it names no keep-alive that would tell, and is silent for a day. */
bool is_silent(const struct account *account, int64_t now_ms);
/* Whether the connection ended soon after it began, and nothing came on it. */
bool was_fruitless(const struct account *account, int64_t now_ms);

#endif
