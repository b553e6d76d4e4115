/* The properties that a message of MQTT 5 brings. Brokers before 2.1 export no function that reads them, so the gate reads the
 * broker's own list, after it has seen that this broker keeps it as mosquitto.h says. */
#include "gate.h"
#include "mosquitto.h"

#include <string.h>

static bool is(const struct mosquitto_string *string, const char *text) {
	return string->length == strlen(text) && string->text && memcmp(string->text, text, strlen(text)) == 0;
}

static bool is_pair(const struct mosquitto_property *property, const char *name, const char *value) {
	return property->identifier == PROPERTY_USER && is(&property->name, name) && is(&property->value, value);
}

bool properties_are_known(void) {
	struct mosquitto_property *list = NULL;
	bool known = mosquitto_property_add_string_pair(&list, PROPERTY_USER, "first", "one") == ANSWER_OK &&
	             is_pair(list, "first", "one") && !list->next;
	known = known && mosquitto_property_add_string_pair(&list, PROPERTY_USER, "second", "other") == ANSWER_OK && list->next &&
	        is_pair(list->next, "second", "other");
	mosquitto_property_free_all(&list);
	return known;
}

bool properties_are_small(const struct mosquitto_property *list) {
	size_t bytes = 0;
	for (; list && bytes <= MOST_PROPERTY_BYTES; list = list->next) {
		bytes += PROPERTY_BYTES + (size_t)list->name.length + list->value.length;
	}
	return bytes <= MOST_PROPERTY_BYTES;
}
