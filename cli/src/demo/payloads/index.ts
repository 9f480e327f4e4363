export { type ChatContent, chatAuthenticate, chatPicture, chatSend, chatText } from './chatplugin';
export { CUSTOM_ENTRIES_MAX, type CustomMessage, type CustomMetadata, customRequest } from './custom';
export {
  type MetaContent,
  type MetaElement,
  type MetaMessage,
  type MetaParty,
  metaAttachmentContent,
  metaContactId,
  metaDelivery,
  metaEcho,
  metaMessage,
  metaMid,
  metaPostback,
  metaQuickReplyContent,
  metaReaction,
  metaRead,
  metaRequest,
  metaTextContent,
} from './facebook';
export { fullName, type Language, type Person, randomPerson } from './people';
export { between, chance, createRandom, digits, hex, pick, type Random, token, weighted } from './random';
export type { WebhookRequest } from './request';
export { contactText, shopText } from './texts';
export {
  phoneNumber,
  type TwilioForm,
  type TwilioMessage,
  type TwilioParty,
  twilioMessage,
  twilioPicture,
  twilioRequest,
  twilioSid,
} from './twilio';
