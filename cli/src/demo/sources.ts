/** Sources that the demo plays; `shop` is a custom one. */
export const demoSources = ['facebook', 'instagram', 'twilio.sms', 'twilio.whatsapp', 'shop', 'chatplugin'] as const;

export type DemoSource = (typeof demoSources)[number];

export const CUSTOM_SOURCE = 'shop' satisfies DemoSource;
