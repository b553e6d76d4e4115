// Stands for ESP-IDF's MQTT client where docs/devices.md is compiled: no more than what its example uses, with the names and
// types of the component's public interface (github.com/espressif/esp-mqtt, include/mqtt_client.h).
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef int esp_err_t;
typedef const char *esp_event_base_t;
typedef void (*esp_event_handler_t)(void *arg, esp_event_base_t base, int32_t id, void *data);

typedef struct esp_mqtt_client *esp_mqtt_client_handle_t;
typedef enum { MQTT_EVENT_ANY = -1, MQTT_EVENT_ERROR, MQTT_EVENT_CONNECTED, MQTT_EVENT_DATA = 6 } esp_mqtt_event_id_t;
typedef enum { MQTT_CONNECTION_ACCEPTED, MQTT_CONNECTION_REFUSE_NOT_AUTHORIZED = 5 } esp_mqtt_connect_return_code_t;
typedef enum { MQTT_ERROR_TYPE_NONE, MQTT_ERROR_TYPE_CONNECTION_REFUSED = 2 } esp_mqtt_error_type_t;

typedef struct {
  esp_mqtt_error_type_t error_type;
  esp_mqtt_connect_return_code_t connect_return_code;
} esp_mqtt_error_codes_t;

typedef struct {
  esp_mqtt_client_handle_t client;
  char *data;
  char *topic;
  int topic_len;
  int data_len;
  esp_mqtt_error_codes_t *error_handle;
} esp_mqtt_event_t;
typedef esp_mqtt_event_t *esp_mqtt_event_handle_t;

typedef struct {
  struct {
    struct {
      const char *uri;
    } address;
    struct {
      const char *certificate;
      esp_err_t (*crt_bundle_attach)(void *conf);
    } verification;
  } broker;
  struct {
    const char *username;
    struct {
      const char *password;
    } authentication;
  } credentials;
  struct {
    int keepalive;
    bool disable_clean_session;
  } session;
} esp_mqtt_client_config_t;

esp_mqtt_client_handle_t esp_mqtt_client_init(const esp_mqtt_client_config_t *config);
esp_err_t esp_mqtt_client_register_event(esp_mqtt_client_handle_t client, esp_mqtt_event_id_t event,
                                         esp_event_handler_t handler, void *arg);
esp_err_t esp_mqtt_client_start(esp_mqtt_client_handle_t client);
int esp_mqtt_client_subscribe_single(esp_mqtt_client_handle_t client, const char *topic, int qos);
int esp_mqtt_client_enqueue(esp_mqtt_client_handle_t client, const char *topic, const char *data, int len, int qos,
                            int retain, bool store);
