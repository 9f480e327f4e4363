// Who may import whom. A reason stands on every rule.
const pureLibs = '^libs/(conversations|search)/src';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle has no bottom to read from.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'services-share-only-topics',
      comment: 'Services talk over topics and the query API; an import would make two processes one release.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/([^/]+)/', pathNot: '^services/$1/' },
    },
    {
      name: 'libs-know-no-service',
      comment: 'A library is used by services, never the other way round.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^(services|cli|bench|e2e)/' },
    },
    {
      name: 'pure-libs-do-no-io',
      comment: 'The reducer and the index are replayed and property-tested: no I/O, clock or client library in them.',
      severity: 'error',
      from: { path: pureLibs, pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-libs-import-pure-code',
      comment:
        'conversations may import the contracts for their event types, search the text pipeline of lunr; no other.',
      severity: 'error',
      from: { path: pureLibs, pathNot: '\\.test\\.ts$' },
      to: { pathNot: ['^libs/(conversations|search)/src', '^libs/contracts/src', 'node_modules/(lunr|@types/lunr)'] },
    },
    {
      name: 'search-knows-no-conversation',
      comment: 'The index holds documents; what a conversation is stands in libs/conversations.',
      severity: 'error',
      from: { path: '^libs/search/src' },
      to: { path: '^libs/(conversations|contracts)/' },
    },
    {
      name: 'kafkajs-stays-behind-one-window',
      comment: 'Its internals are used, so that one file says which; tests may be a foreign client.',
      severity: 'error',
      from: {
        path: '^(libs|services|cli)/',
        pathNot: ['^libs/log/src/(kafka/kafkajs|confluent/api)\\.ts$', '\\.test\\.ts$', '^[^/]+/[^/]+/test/'],
      },
      to: { path: 'node_modules/(kafkajs|@kafkajs/[^/]+)/' },
    },
    {
      name: 'lmdb-stays-where-a-store-is',
      comment: 'The embedded log, the aggregator’s states and the router’s are the stores; others go through them.',
      severity: 'error',
      from: {
        path: '^(libs|services|cli)/',
        pathNot: ['^libs/log/src/embedded/', '^services/(conversation-aggregator|ingest)/', '\\.test\\.ts$'],
      },
      to: { path: 'node_modules/lmdb/' },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', 'dist'] },
    exclude: { path: ['/dist/', '/generated/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { mainFields: ['types', 'main'], extensions: ['.ts', '.js', '.d.ts'] },
  },
};
