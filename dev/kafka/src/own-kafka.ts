import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JVM_FLAGS, makeBroker } from './broker';
import type { JavaProcess } from './java-process';
import { apicurioFolder, kafkaJars } from './maven';
import { freePorts } from './ports';
import { makeRegistry, registryUrl } from './registry';
import { type SecureAddresses, secureListeners } from './secure-listeners';

/** What a program needs to know of a cluster: KAFKA_BROKERS and SCHEMA_REGISTRY_URL. */
export interface KafkaAddresses {
  /** host:port */
  readonly brokers: readonly string[];
  /** Base of Confluent's API. */
  readonly registryUrl: string;
}

/** A cluster of one's own, with what can happen to it. */
export interface OwnKafka extends KafkaAddresses {
  /** Only where it was asked for. */
  readonly secure: SecureAddresses | undefined;
  readonly broker: {
    /** SIGKILL. */
    kill(): Promise<void>;
    /** After kill: on the same port with the same data. Resolves when it answers. */
    start(): Promise<void>;
    /** SIGSTOP: connections stay open and nothing answers. Resolves when it stands still. */
    pause(): Promise<void>;
    resume(): void;
  };
  readonly registry: { stop(): Promise<void>; start(): Promise<void> };
  /** Runs a class of Kafka's own jars (org.apache.kafka.tools.…), its streams piped. */
  java(mainClass: string, args: readonly string[]): ChildProcess;
  /** Ends everything and deletes the data. */
  destroy(): Promise<void>;
}

export interface OwnKafkaOptions {
  /** Server properties that are added or replace ours. */
  readonly config?: Readonly<Record<string, string>>;
  /** false saves the seconds that the registry takes to start; registry.start() starts it after all. */
  readonly registry?: boolean;
  /** Listeners with TLS and passwords beside the open one; needs openssl. */
  readonly secure?: boolean;
}

/** Runs a class of Kafka's own jars, its streams piped. */
async function javaRunner(): Promise<OwnKafka['java']> {
  const jars = await kafkaJars();
  return (mainClass, args) =>
    spawn('java', ['-Xmx256m', ...JVM_FLAGS, '-Dfile.encoding=UTF-8', '-cp', join(jars, '*'), mainClass, ...args]);
}

/**
 * Starts Apache Kafka and a schema registry on free ports, in a temporary folder. They end with this process, however
 * it ends.
 */
export async function startOwnKafka(options: OwnKafkaOptions = {}): Promise<OwnKafka> {
  await Promise.all([kafkaJars(), apicurioFolder()]);
  const dir = await mkdtemp(join(tmpdir(), 'parley-kafka-'));
  const [port = 0, controllerPort = 0, registryPort = 0, saslPort = 0, mutualPort = 0] = await freePorts(5);
  const made: JavaProcess[] = [];
  const destroy = async () => {
    await Promise.all(made.map((running) => running.kill()));
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const secure = options.secure ? await secureListeners(join(dir, 'certificates'), saslPort, mutualPort) : undefined;
    const [java, broker, registry] = await Promise.all([
      javaRunner(),
      makeBroker({ dir: join(dir, 'kafka'), port, controllerPort, secure, config: options.config, leashedTo: dir }),
      makeRegistry({ dir: join(dir, 'registry'), port: registryPort, leashedTo: dir }),
    ]);
    made.push(broker, registry);
    await Promise.all([broker.start(), options.registry === false ? undefined : registry.start()]);
    return {
      brokers: [`127.0.0.1:${port}`],
      registryUrl: registryUrl('127.0.0.1', registryPort),
      secure: secure?.addresses,
      broker: {
        kill: () => broker.kill(),
        start: () => broker.start(),
        pause: () => broker.pause(),
        resume: () => broker.resume(),
      },
      registry: { stop: () => registry.stop(), start: () => registry.start() },
      java,
      destroy,
    };
  } catch (error) {
    await destroy();
    throw error;
  }
}
