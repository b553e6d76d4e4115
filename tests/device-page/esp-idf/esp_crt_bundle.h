// Stands for ESP-IDF's bundle of certificates (github.com/espressif/esp-idf, components/mbedtls/esp_crt_bundle).
#pragma once
#ifdef __cplusplus
extern "C" {
#endif
int esp_crt_bundle_attach(void *conf);
#ifdef __cplusplus
}
#endif
