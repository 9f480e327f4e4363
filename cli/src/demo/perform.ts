import { post, textAt } from './call';
import { chatAuthenticate, chatSend } from './payloads';
import type { Cue } from './score';
import type { Stage } from './stage';

/**
 * Sends all cues to ingest, lanes side by side. Resolves when every one was answered with a 2xx.
 * @param onSent told of each answer
 */
export async function perform(
  cues: readonly Cue[],
  stage: Stage,
  signal: AbortSignal,
  onSent: (cue: Cue) => void,
): Promise<void> {
  const lanes = new Map<number, Cue[]>();
  for (const cue of cues) {
    const lane = lanes.get(cue.lane);
    if (lane) lane.push(cue);
    else lanes.set(cue.lane, [cue]);
  }
  const visitors = new Map<string, string>();
  await Promise.all(
    [...lanes.values()].map(async (lane) => {
      for (const cue of lane) {
        await send(cue, stage, visitors, signal);
        onSent(cue);
      }
    }),
  );
}

async function send(cue: Cue, stage: Stage, visitors: Map<string, string>, signal: AbortSignal): Promise<void> {
  if (cue.kind === 'request') {
    await post(stage.ingestUrl, cue.request, signal);
    return;
  }
  let token = visitors.get(cue.visitor);
  if (token === undefined) {
    const answer = await post(stage.ingestUrl, chatAuthenticate(stage.channels.chatplugin.id), signal);
    token = textAt(answer, 'token');
    visitors.set(cue.visitor, token);
  }
  await post(stage.ingestUrl, chatSend(token, { ...cue.content }, cue.key), signal);
}
