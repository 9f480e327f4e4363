/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

const config: Config = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/{libs,services,cli,e2e,bench,dev}/**/*.test.ts'],
  modulePathIgnorePatterns: ['/dist/'],
  // Unit tests run the sources; the end-to-end tests start the built processes, as npm start does.
  moduleNameMapper: {
    '^@parley/kafka-dev$': '<rootDir>/dev/kafka/src/index.ts',
    '^@parley/([a-z-]+)$': '<rootDir>/libs/$1/src/index.ts',
  },
  // Kafka for the tests that ask for it: nothing is started otherwise.
  globalSetup: '<rootDir>/dev/kafka/src/jest/global-setup.ts',
  globalTeardown: '<rootDir>/dev/kafka/src/jest/global-teardown.ts',
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  testTimeout: 60_000,
  // Tests that start processes wait most of their time, so that more run at once than there are cores.
  maxWorkers: 3,
};

export default config;
