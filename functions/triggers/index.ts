// Every function of the app, registered as it is loaded. One import, so that the host reads one file for all of them.
import './evaluate-alerts.ts';
import './mqtt-ingest.ts';
