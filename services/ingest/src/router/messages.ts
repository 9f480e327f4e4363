import type { RouterCounts } from './router';

export type ToRouterThread = { readonly type: 'close' };
export type FromRouterThread = { readonly type: 'ready' } | { readonly type: 'counts'; readonly counts: RouterCounts };
