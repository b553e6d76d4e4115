/** Sent to the window when another theme is chosen: charts are drawn in colours, not in style sheets. */
export const THEME_EVENT = 'mqtt-saas:theme';
