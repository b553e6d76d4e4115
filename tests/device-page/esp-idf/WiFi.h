// Stands for the Arduino core for ESP32 where the dashboard's sketch is compiled: no more than what it uses, with the names and types of
// the core's public interface (github.com/espressif/arduino-esp32, libraries/WiFi and cores/esp32).
#pragma once
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>

enum wl_status_t { WL_CONNECTED = 3 };
struct WiFiClass {
  wl_status_t begin(const char *ssid, const char *passphrase);
  wl_status_t status();
};
extern WiFiClass WiFi;
struct HardwareSerial {
  void begin(unsigned long baud);
  __attribute__((format(printf, 2, 3))) size_t printf(const char *format, ...);
};
extern HardwareSerial Serial;
void delay(uint32_t ms);
void configTime(long gmtOffset, int daylightOffset, const char *server);
