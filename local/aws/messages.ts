export type Channel = 'sms' | 'whatsapp' | 'email' | 'push';

/** A message that reached a provider's endpoint. */
export type Message = {
  channel: Channel;
  /** Phone number, e-mail address or platform endpoint ARN. */
  to: string;
  /** WhatsApp: the template's name. */
  template?: string;
  subject?: string;
  /** The text; for a WhatsApp template its parameters joined by line ends. */
  body: string;
  sent_at: string;
};

/** The latest messages, newest first. */
export type Messages = {
  record(message: Omit<Message, 'sent_at'>): void;
  list(filter?: { to?: string; channel?: string }): Message[];
  clear(): void;
};

/** More than anybody reads; older ones are dropped. */
const capacity = 1000;

/** An empty log of messages, dated by this clock. */
export function makeMessages(now: () => Date): Messages {
  let latest: Message[] = [];
  return {
    record(message) {
      latest = [{ ...message, sent_at: now().toISOString() }, ...latest].slice(0, capacity);
    },
    list: ({ to, channel } = {}) =>
      latest.filter(m => (!to || m.to === to) && (!channel || m.channel === channel)),
    clear() {
      latest = [];
    },
  };
}
