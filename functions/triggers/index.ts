// Registers every function of the app. One file, so that the host reads only this one.
import './event-hub.ts';
import './every-minute.ts';
import './health.ts';
import './mqtt-ingest.ts';
import './questions.ts';
import './twins.ts';
