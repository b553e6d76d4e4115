// Names of components that an adoption refers to as well. A new name is given here, with an alias where the component is made.
/** The broker machine's network. */
export const NETWORK = 'network';
/** What brings the broker's configuration to its machine. */
export const BROKER_CONFIGURATION = 'broker-configuration';
/** The Function App. */
export const FUNCTIONS = 'functions';
