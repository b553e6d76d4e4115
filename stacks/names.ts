// Names of components that an adoption refers to, too. To rename one, change it here and give the component an alias.
/** The broker machine's network. */
export const NETWORK = 'network';
/** What brings the broker's configuration to the machine. */
export const BROKER_CONFIGURATION = 'broker-configuration';
/** The Function App. */
export const FUNCTIONS = 'functions';
