/* What the gate uses of Mosquitto's plugin interface, version 5, declared by ourselves: no header of Mosquitto is needed to
 * build it, and every broker from 2.0.0 on exports these functions. Numbers and layouts are the interface's. */
#ifndef GATE_MOSQUITTO_H
#define GATE_MOSQUITTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct mosquitto;

struct mosquitto_string {
	char *text;
	uint16_t length;
};

/* As the broker keeps it; not part of the interface, so properties.c checks it first. */
struct mosquitto_property {
	struct mosquitto_property *next;
	struct mosquitto_string value; /* text or bytes; a number lies in its first bytes, and its length is 0 */
	struct mosquitto_string name;  /* of a user property; else empty */
	int32_t identifier;
	bool from_client;
};

enum { PROPERTY_USER = 38 }; /* MQTT 5.0, 2.2.2.2: user property */

struct mosquitto_opt {
	char *key;
	char *value;
};

enum event {
	EVENT_RELOAD = 1,
	EVENT_ACL_CHECK = 2,
	EVENT_BASIC_AUTH = 3,
	EVENT_MESSAGE = 7,
	EVENT_TICK = 9,
	EVENT_DISCONNECT = 10,
	EVENT_CLIENT_OFFLINE = 28, /* from 2.1 on instead of EVENT_DISCONNECT, where the session stays; same data */
};
enum access { ACCESS_READ = 1, ACCESS_WRITE = 2, ACCESS_SUBSCRIBE = 4, ACCESS_UNSUBSCRIBE = 8 };
enum answer { ANSWER_OK = 0, ANSWER_NO_MEMORY = 1, ANSWER_REFUSED = 11, ANSWER_DENIED = 12, ANSWER_CLOSE = 13 };
enum log_level { LOG_INFO = 1, LOG_NOTICE = 2, LOG_WARNING = 4, LOG_ERROR = 8 };

struct acl_check {
	void *future;
	struct mosquitto *client;
	const char *topic;
	const void *payload;
	struct mosquitto_property *properties;
	int access;
	uint32_t payload_length;
	uint8_t qos;
	bool retain;
	void *future2[4];
};

struct basic_auth {
	void *future;
	struct mosquitto *client;
	char *username;
	char *password;
	void *future2[4];
};

struct message {
	void *future;
	struct mosquitto *client;
	char *topic;
	void *payload;
	struct mosquitto_property *properties;
	char *reason_string;
	uint32_t payload_length;
	uint8_t qos;
	uint8_t reason_code;
	bool retain;
	void *future2[4];
};

struct tick {
	void *future;
	long now;
	long next;
	time_t now_seconds;
	time_t next_seconds;
	void *future2[4];
};

struct disconnect {
	void *future;
	struct mosquitto *client;
	int reason;
	void *future2[4];
};

typedef int (*callback)(int event, void *data, void *own);

int mosquitto_callback_register(void *plugin, int event, callback call, const void *data, void *own);
int mosquitto_callback_unregister(void *plugin, int event, callback call, const void *data);
int mosquitto_broker_publish_copy(const char *client_id, const char *topic, int payload_length, const void *payload, int qos,
                                  bool retain, struct mosquitto_property *properties);
const char *mosquitto_client_id(const struct mosquitto *client);
int mosquitto_client_keepalive(const struct mosquitto *client);
int mosquitto_client_protocol_version(const struct mosquitto *client);
int mosquitto_client_sub_count(const struct mosquitto *client);
const char *mosquitto_client_username(const struct mosquitto *client);
int mosquitto_kick_client_by_username(const char *username, bool with_will);
void mosquitto_log_printf(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void mosquitto_property_free_all(struct mosquitto_property **list);
int mosquitto_property_add_string_pair(struct mosquitto_property **list, int identifier, const char *name, const char *value);

#endif
