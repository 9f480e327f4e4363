export {
  type AtLeast,
  type ConversationsPage,
  type ListMessages,
  type MessageLocation,
  type MessagesPage,
  type PartitionHash,
  type PartitionPosition,
  type QueryClient,
  queryPaths,
  type SearchConversations,
} from './protocol';
