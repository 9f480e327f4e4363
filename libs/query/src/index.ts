export { openQueryClient, type QueryClientOptions } from './client';
export {
  type AtLeast,
  type ConversationsPage,
  type ListMessages,
  type MessageLocation,
  type MessagesPage,
  type PartitionHash,
  type PartitionPosition,
  type QueryAnswers,
  type QueryClient,
  type QueryName,
  type QueryRequests,
  queryPaths,
  type SearchConversations,
} from './protocol';
