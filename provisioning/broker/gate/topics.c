/* Topics and filters: who may publish, read and subscribe where. Pure. */
#include "gate.h"

#include <string.h>

static const char *level_end(const char *level) {
	const char *slash = strchr(level, '/');
	return slash ? slash : level + strlen(level);
}

static bool is_level(const char *level, const char *end, char wildcard) {
	return end == level + 1 && *level == wildcard;
}

static bool same(const char *a, const char *a_end, const char *b, const char *b_end) {
	return a_end - a == b_end - b && memcmp(a, b, (size_t)(a_end - a)) == 0;
}

/* Level by level; `asked` may be a topic, or a filter whose wildcards must be allowed for. */
static bool covers(const char *right, const char *asked) {
	for (;;) {
		const char *right_end = level_end(right), *asked_end = level_end(asked);
		if (is_level(right, right_end, '#')) return true;
		if (is_level(asked, asked_end, '#')) return false;
		if (!is_level(right, right_end, '+') && !same(right, right_end, asked, asked_end)) return false;
		if (*asked_end == '\0') {
			/* "a/#" stands for "a" as well. */
			return *right_end == '\0' || strcmp(right_end, "/#") == 0;
		}
		if (*right_end == '\0') return false;
		right = right_end + 1;
		asked = asked_end + 1;
	}
}

bool topic_matches(const char *filter, const char *topic) {
	/* MQTT 5.0, 4.7.2: a wildcard in the first level means no topic of the broker's own. */
	if (*topic == '$' && (*filter == '+' || *filter == '#')) return false;
	return covers(filter, topic);
}

bool filter_covers(const char *right, const char *filter) {
	return topic_matches(right, filter);
}

bool filter_is_valid(const char *filter) {
	if (*filter == '\0') return false;
	for (const char *level = filter;; ) {
		const char *end = level_end(level);
		for (const char *c = level; c < end; c++) {
			if ((*c == '+' || *c == '#') && end != level + 1) return false;
		}
		if (*end == '\0') return true;
		if (is_level(level, end, '#')) return false;
		level = end + 1;
	}
}

/* Steps over `text`; NULL when the topic does not go on so. */
static const char *after(const char *topic, const char *text, size_t length) {
	return topic && strncmp(topic, text, length) == 0 ? topic + length : NULL;
}

const char *own_rest(const char *username, const char *topic) {
	const char *dot = strchr(username, '.');
	if (!dot) return NULL;
	const char *rest = after(topic, "tenants/", 8);
	rest = after(rest, username, (size_t)(dot - username));
	rest = after(rest, "/devices/", 9);
	rest = after(rest, dot + 1, strlen(dot + 1));
	return after(rest, "/", 1);
}

bool is_channel(const char *rest) {
	/* Nothing reads "state". Devices of former releases may publish there. */
	static const char *const channels[] = {"telemetry", "reported", "acks", "state"};
	for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
		if (strcmp(rest, channels[i]) == 0) return true;
	}
	const char *field = after(rest, "telemetry/", 10);
	return field && *field;
}

bool has_right(const struct account *account, const char *kind, const char *topic, bool (*allows)(const char *, const char *)) {
	const char *right = account->rights;
	for (unsigned i = 0; i < account->right_count; i++, right += strlen(right) + 1) {
		const char *filter = after(right, kind, strlen(kind));
		if (filter && allows(filter, topic)) return true;
	}
	return false;
}

bool may_write(const struct account *account, const char *topic) {
	/* The bounds of a queue count payload only: topics must not fill the memory. */
	if (strlen(topic) > LONGEST_TOPIC) return false;
	if (account->tenant) {
		const char *rest = own_rest(account->name, topic);
		if (rest && *rest) return true;
	}
	return has_right(account, "write:", topic, topic_matches);
}

/* "commands", or anything below it. */
static const char *own_commands(const struct account *account, const char *topic) {
	const char *rest = account->tenant ? own_rest(account->name, topic) : NULL;
	const char *commands = after(rest, "commands", 8);
	return commands && (*commands == '\0' || *commands == '/') ? commands : NULL;
}

/* What is desired of the device. */
static bool is_own_desired(const struct account *account, const char *topic) {
	const char *rest = account->tenant ? own_rest(account->name, topic) : NULL;
	return rest && strcmp(rest, "desired") == 0;
}

bool may_read(const struct account *account, const char *topic) {
	return own_commands(account, topic) || is_own_desired(account, topic) || has_right(account, "read:", topic, topic_matches);
}

bool is_shared(const char *filter) {
	return strncmp(filter, "$share", 6) == 0;
}

bool may_subscribe(const struct account *account, const char *filter, int others) {
	/* No account has one, whatever its rights: nobody needs them, and up to 2.0.18 they can end the broker (CVE-2024-8376). */
	if (is_shared(filter)) return false;
	if (!account->tenant) return has_right(account, "read:", filter, filter_covers);
	if (is_own_desired(account, filter)) return true;
	const char *commands = own_commands(account, filter);
	if (!commands) return false;
	if (*commands == '\0' || strcmp(commands, "/#") == 0 || strcmp(commands, "/+") == 0) return true;
	/* One level, and not many of them: each is broker memory that a session keeps. */
	return others < MOST_DEVICE_FILTERS && strlen(commands) <= LONGEST_NOTE && !strpbrk(commands + 1, "/+#");
}
