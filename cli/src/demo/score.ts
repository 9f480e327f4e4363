import {
  between,
  type CustomMessage,
  type CustomMetadata,
  chance,
  chatPicture,
  chatText,
  customRequest,
  fullName,
  type MetaElement,
  type MetaParty,
  metaAttachmentContent,
  metaEcho,
  metaMessage,
  metaPostback,
  metaReaction,
  metaRead,
  metaRequest,
  metaTextContent,
  type Random,
  twilioMessage,
  twilioPicture,
  twilioRequest,
  type WebhookRequest,
} from './payloads';
import type { PlannedConversation, Step } from './plot';
import type { Stage } from './stage';

/** One thing to send, in its place. */
export type Cue = {
  /** Order of sending, epoch milliseconds. */
  readonly at: number;
  /** Cues of one lane are sent one after the other. */
  readonly lane: number;
  /** Messages that come in with it for the first time; 0 for redeliveries. */
  readonly messages: number;
} & (
  | { readonly kind: 'request'; readonly request: WebhookRequest }
  | { readonly kind: 'chat'; readonly visitor: string; readonly key: string; readonly content: object }
);

type Play = (conversation: PlannedConversation, stage: Stage, random: Random, lane: number) => readonly Cue[];

/** Providers send again what they think was lost. */
const REDELIVERED = 0.03;
const LATER_MS = 60 * 60_000;
const TOGETHER = 0.15;
const OTHER_APP_ID = 263_902_037_430_900;
const CUSTOM_BATCH = 25;

/**
 * All that is sent, in order of time.
 * @param lanes each conversation is in one of so many lanes; custom calls, which hold several conversations, in the first
 */
export function score(
  conversations: readonly PlannedConversation[],
  stage: Stage,
  random: Random,
  lanes: number,
): readonly Cue[] {
  const own = conversations.flatMap((conversation, i) => play(conversation, stage, random, i % lanes));
  const custom = customCues(conversations, stage);
  const cues = [...own, ...custom].flatMap((cue) =>
    chance(random, REDELIVERED) ? [cue, { ...cue, messages: 0, at: cue.at + between(random, 0, LATER_MS) }] : [cue],
  );
  return cues.sort((a, b) => a.at - b.at);
}

function play(conversation: PlannedConversation, stage: Stage, random: Random, lane: number): readonly Cue[] {
  switch (conversation.source) {
    case 'facebook':
    case 'instagram':
      return metaCues(conversation, stage, random, lane);
    case 'twilio.sms':
    case 'twilio.whatsapp':
      return twilioCues(conversation, stage, random, lane);
    case 'chatplugin':
      return chatCues(conversation, stage, random, lane);
    case 'shop':
      return [];
  }
}

const metaCues: Play = ({ source, contactId, steps }, stage, random, lane) => {
  const party: MetaParty = {
    object: source === 'instagram' ? 'instagram' : 'page',
    pageId: stage.channels[source].sourceChannelId,
    contactId,
  };
  const groups: Step[][] = [];
  for (const step of steps) {
    const last = groups.at(-1);
    if (last && chance(random, TOGETHER)) last.push(step);
    else groups.push([step]);
  }
  return groups.map((group) => ({
    kind: 'request',
    at: group[0]?.at ?? 0,
    lane,
    messages: group.filter(isMessage).length,
    request: metaRequest(
      stage.facebookAppSecret,
      party,
      group.map((step) => metaElement(party, step, random)),
    ),
  }));
};

function isMessage(step: Step): boolean {
  return step.kind === 'message' || step.kind === 'postback';
}

function metaElement(party: MetaParty, step: Step, random: Random): MetaElement {
  switch (step.kind) {
    case 'postback':
      return metaPostback(random, party, `m_${step.id}`, step.at);
    case 'reaction':
      return metaReaction(random, party, `m_${step.to}`, step.at);
    case 'read':
      return metaRead(party, step.at, step.watermark);
    case 'message': {
      const content = step.picture ? metaAttachmentContent(random) : metaTextContent(step.text);
      const message = { mid: `m_${step.id}`, at: step.at, content };
      if (step.from === 'contact') return metaMessage(party, message);
      return metaEcho(party, message, chance(random, 0.3) ? OTHER_APP_ID : undefined);
    }
  }
}

const twilioCues: Play = ({ source, contactId, person, steps }, stage, random, lane) => {
  const party = {
    accountSid: stage.twilioAccountSid,
    to: stage.channels[source].sourceChannelId,
    from: contactId,
    ...(source === 'twilio.whatsapp' ? { profileName: fullName(person) } : {}),
  };
  return steps.flatMap((step): Cue[] => {
    if (step.kind !== 'message') return [];
    const media = step.picture ? [twilioPicture(random)] : [];
    const form = twilioMessage(party, { sid: `SM${step.id}`, text: step.text, media });
    const request = twilioRequest(stage.twilioAuthToken, `${stage.ingestUrl}/twilio`, form);
    return [{ kind: 'request', at: step.at, lane, messages: 1, request }];
  });
};

const chatCues: Play = ({ contactId, steps }, _stage, random, lane) =>
  steps.flatMap((step): Cue[] => {
    if (step.kind !== 'message') return [];
    const content = step.picture ? chatPicture(random) : chatText(step.text);
    return [{ kind: 'chat', at: step.at, lane, messages: 1, visitor: contactId, key: step.id, content }];
  });

/** A custom source sends what has gathered, of several conversations at once. */
function customCues(conversations: readonly PlannedConversation[], stage: Stage): readonly Cue[] {
  const entries = conversations
    .filter((conversation) => conversation.source === 'shop')
    .flatMap((conversation) => conversation.steps.map((step) => ({ conversation, step })))
    .sort((a, b) => a.step.at - b.step.at);
  const named = new Set<string>();
  const cues: Cue[] = [];
  for (let i = 0; i < entries.length; i += CUSTOM_BATCH) {
    const batch = entries.slice(i, i + CUSTOM_BATCH);
    const messages = batch.flatMap(({ conversation, step }) => customMessage(conversation, step, stage));
    const metadata = batch.flatMap(({ conversation }): CustomMetadata[] => {
      if (named.has(conversation.contactId)) return [];
      named.add(conversation.contactId);
      const contact = { display_name: fullName(conversation.person), lang: conversation.person.language };
      return [{ namespace: 'conversation', source_id: conversation.contactId, metadata: { contact } }];
    });
    cues.push({
      kind: 'request',
      at: batch.at(-1)?.step.at ?? 0,
      lane: 0,
      messages: messages.length,
      request: customRequest(stage.sourceToken, messages, metadata),
    });
  }
  return cues;
}

function customMessage({ contactId }: PlannedConversation, step: Step, stage: Stage): CustomMessage[] {
  if (step.kind !== 'message') return [];
  return [
    {
      source_message_id: step.id,
      source_conversation_id: contactId,
      source_channel_id: stage.channels.shop.sourceChannelId,
      source_sender_id: step.from === 'contact' ? contactId : 'shop-clerk',
      content: { text: step.text },
      from_contact: step.from === 'contact',
      sent_at: step.at,
    },
  ];
}
