import { Connection, NoAnswer } from './connection';
import { type Assignment, type Candidate, coverOf } from './cover';
import type { Floors } from './floors';
import type { PartitionPosition } from './protocol';
import { Replica } from './replica';

/** Between two looks at replicas that are in some trouble, milliseconds. */
const TROUBLED_MS = 250;
/** Every so many of those looks all replicas are looked at. */
const LOOKS_BETWEEN = 4;
/** Nobody is looked at for the sake of a client that has asked nothing for so long, milliseconds. */
const IDLE_MS = 5_000;

/**
 * What speaks against asking a replica: each outweighs all those before it together. One that is slow, or found dead
 * soon, is asked rather than one that may show what is long past.
 */
const PENALTY = { behind: 1, suspect: 2, outOfTouch: 8, down: 16 } as const;
/** Of two that are suspect the one that was heard of more lately is asked: so much silence is as bad as it gets. */
const SILENT_MS = 1_000;

/** The aggregators, and who is to be asked about what. What they serve is learnt from themselves. */
export class Team {
  private readonly replicas: readonly Replica[];
  private readonly candidates: readonly Candidate<Replica>[];
  private looking: NodeJS.Timeout | undefined;
  private looks = 0;
  private usedAtMs = 0;

  constructor(
    urls: readonly string[],
    token: string,
    /** All that there are. */
    readonly partitions: readonly number[],
    private readonly floors: Floors,
  ) {
    this.replicas = urls.map((url) => new Replica(new Connection(url, token)));
    this.candidates = this.replicas.map((server) => ({ server, penalty: (of) => this.penalty(server, of) }));
  }

  get isSingle(): boolean {
    return this.replicas.length === 1;
  }

  /**
   * Each partition once.
   * @param tried replicas that are not to be asked
   * @throws NoAnswer naming the partitions that nobody is known to serve
   */
  plan(partitions: readonly number[], tried: readonly Replica[]): readonly Assignment<Replica>[] {
    const { assignments, uncovered } = coverOf(this.without(tried), partitions);
    if (uncovered.length > 0)
      throw new NoAnswer(`no aggregator answers for partition ${uncovered.join(', ')}`, { partitions: uncovered });
    return assignments;
  }

  /** Whether replicas that nothing is amiss with could answer in place of those that were tried. */
  canReplace(tried: readonly Replica[], partitions: readonly number[]): boolean {
    const others = this.without(tried);
    return partitions.every((of) => others.some(({ penalty }) => (penalty(of) ?? PENALTY.suspect) < PENALTY.suspect));
  }

  /** Replicas of a partition, the best one first. */
  replicasOf(partition: number): readonly Replica[] {
    return this.candidates
      .flatMap(({ server, penalty }) => {
        const cost = penalty(partition);
        return cost === undefined ? [] : [{ server, cost }];
      })
      .sort((a, b) => a.cost - b.cost)
      .map(({ server }) => server);
  }

  /** To be called for every question: what is known is kept up to date while there are some. */
  noteUse(): void {
    if (this.isSingle) return;
    this.usedAtMs = performance.now();
    this.looking ??= setInterval(() => this.look(), TROUBLED_MS).unref();
  }

  /**
   * Asks all replicas what they serve; resolves as soon as every partition has one that answered and is in touch with
   * it, or all did or failed: who is out of touch is not asked for having been the first to answer.
   * @throws AppError  where they refuse to be asked
   */
  async learn(): Promise<void> {
    await new Promise<void>((resolve) => {
      const answered = new Set<Replica>();
      const probes = this.replicas.map(async (replica) => {
        await replica.probe();
        if (replica.health !== 'up' || !replica.serving) return;
        answered.add(replica);
        if (this.partitions.every((of) => [...answered].some((one) => one.partition(of)?.inTouch))) resolve();
      });
      void Promise.all(probes).then(() => resolve());
    });
    const refused = this.replicas.find(({ refusal }) => refusal);
    if (refused?.refusal && !this.replicas.some(({ serving }) => serving)) throw refused.refusal;
  }

  /**
   * By partition, of the replica that is farthest; those that are down or have not caught up have no say.
   * @throws NoAnswer naming what is missing
   */
  positions(): readonly PartitionPosition[] {
    const missing: number[] = [];
    const positions = this.partitions.flatMap((partition) => {
      const known = this.replicas
        .filter(({ health, serving }) => health === 'up' && serving)
        .flatMap((replica) => replica.partition(partition) ?? [])
        .sort((a, b) => b.applied - a.applied);
      if (known.length === 0) missing.push(partition);
      return known.slice(0, 1);
    });
    if (missing.length > 0)
      throw new NoAnswer(`no aggregator serves partition ${missing.join(', ')}`, { partitions: missing });
    return positions;
  }

  async close(): Promise<void> {
    clearInterval(this.looking);
    await Promise.all(this.replicas.map(({ connection }) => connection.close()));
  }

  private without(tried: readonly Replica[]): readonly Candidate<Replica>[] {
    return tried.length === 0 ? this.candidates : this.candidates.filter(({ server }) => !tried.includes(server));
  }

  private penalty(replica: Replica, partition: number): number | undefined {
    const known = replica.partition(partition);
    if (!known || !replica.serving) return undefined;
    if (this.isSingle) return 0;
    const behind = known.applied < this.floors.at(partition) ? PENALTY.behind : 0;
    return ofHealth(replica) + (known.inTouch ? 0 : PENALTY.outOfTouch) + behind;
  }

  private look(): void {
    if (performance.now() - this.usedAtMs > IDLE_MS) {
      clearInterval(this.looking);
      this.looking = undefined;
      return;
    }
    this.looks += 1;
    for (const replica of this.replicas) {
      if (this.looks % LOOKS_BETWEEN === 0 || replica.isTroubled) void this.probe(replica);
    }
  }

  /** What was asked of a replica that is found dead is asked of others, where there are any. */
  private async probe(replica: Replica): Promise<void> {
    await replica.probe();
    const isAlive = this.replicas.some(({ health }) => health === 'up');
    if (replica.health === 'down' && isAlive) replica.abandon();
  }
}

function ofHealth({ health, silentMs }: Replica): number {
  if (health === 'suspect') return PENALTY.suspect + Math.min(1, silentMs / SILENT_MS);
  return health === 'down' ? PENALTY.down : 0;
}
