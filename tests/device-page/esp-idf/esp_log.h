// Stands for ESP-IDF's esp_log.h where docs/devices.md is compiled: the two macros that its example uses.
#pragma once
#include <stdio.h>

#define ESP_LOGI(tag, format, ...) printf("%s: " format "\n", tag, __VA_ARGS__)
#define ESP_LOGE(tag, format, ...) fprintf(stderr, "%s: " format "\n", tag, __VA_ARGS__)
