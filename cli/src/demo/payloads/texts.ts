import type { Language } from './people';
import { between, chance, pick, type Random } from './random';

/** What contacts write, and what a shop answers. `{n}` becomes an order number. */
interface Phrases {
  readonly contact: readonly string[];
  readonly shop: readonly string[];
}

const phrases: Readonly<Record<Language, Phrases>> = {
  en: {
    contact: [
      'Hi! Is the blue one still in stock?',
      'My order {n} has not arrived yet :(',
      'Could you change the delivery address of {n}?',
      'Thanks, that helped a lot 🙏',
      'Do you ship to Ireland?',
      'The zip broke after two days. What can we do?',
      'Any news?',
      "It's urgent – I travel on Friday.",
    ],
    shop: ['Hello! Let me check that for you.', 'Order {n} left our warehouse this morning.', 'Done ✅ Anything else?'],
  },
  de: {
    contact: [
      'Guten Tag, wann kommt meine Bestellung {n}?',
      'Die Größe passt leider nicht, kann ich umtauschen?',
      'Super, vielen Dank!',
      'Haben Sie am Samstag geöffnet?',
      'Ich möchte die Rechnung zu {n} noch einmal haben.',
    ],
    shop: [
      'Gern, einen Moment bitte.',
      'Die Bestellung {n} ist unterwegs.',
      'Das Rücksendeetikett ist in Ihrem Postfach.',
    ],
  },
  es: {
    contact: [
      '¡Hola! ¿Tienen la talla M?',
      'No me ha llegado el pedido {n}.',
      '¿Cuánto cuesta el envío a Canarias?',
      'Perfecto, muchas gracias 😊',
      'Quiero devolver el artículo del pedido {n}',
    ],
    shop: ['¡Hola! Enseguida lo miro.', 'El pedido {n} sale mañana.', 'Le hemos enviado la etiqueta de devolución.'],
  },
  fr: {
    contact: [
      'Bonjour, est-ce que le modèle noir est disponible ?',
      'Ma commande {n} est incomplète…',
      'Merci beaucoup !',
      'Puis-je être remboursé ?',
      'À quelle heure fermez-vous ce soir ?',
    ],
    shop: [
      'Bonjour ! Je regarde tout de suite.',
      'Le remboursement de {n} est en cours.',
      'Avec plaisir, bonne journée.',
    ],
  },
  pt: {
    contact: [
      'Olá, ainda têm pão sem glúten?',
      'A encomenda {n} chegou danificada.',
      'Obrigado pela ajuda!',
      'Fazem entregas ao domingo?',
    ],
    shop: ['Olá! Vou verificar.', 'Enviamos outra, número {n}.'],
  },
  tr: {
    contact: [
      'Merhaba, kargo ücreti ne kadar?',
      '{n} numaralı siparişim nerede?',
      'Teşekkür ederim 👍',
      'Bu ürünün kırmızısı var mı?',
    ],
    shop: ['Merhaba, hemen bakıyorum.', '{n} bugün yola çıktı.'],
  },
  pl: {
    contact: [
      'Dzień dobry, czy jest rozmiar 42?',
      'Zamówienie {n} nie dotarło.',
      'Dziękuję bardzo!',
      'Czy mogę zwrócić towar?',
    ],
    shop: ['Dzień dobry, już sprawdzam.', 'Paczka {n} jest w drodze.'],
  },
  ja: {
    contact: [
      'こんにちは、在庫はありますか？',
      '注文{n}がまだ届きません。',
      'ありがとうございます！',
      '返品できますか？',
    ],
    shop: ['確認いたしますので少々お待ちください。', '注文{n}は本日発送しました。'],
  },
  ar: {
    contact: ['مرحبا، هل المقاس الكبير متوفر؟', 'لم يصل طلبي رقم {n} بعد', 'شكرا جزيلا', 'هل يمكنني استبدال المنتج؟'],
    shop: ['أهلا بك، لحظة من فضلك.', 'تم شحن الطلب {n} اليوم.'],
  },
};

/** Now and then somebody writes a lot. */
const LONG_EVERY = 0.02;

function fill(random: Random, phrase: string): string {
  return phrase.replace('{n}', `#${between(random, 10_000, 99_999)}`);
}

export function contactText(random: Random, language: Language): string {
  const { contact } = phrases[language];
  if (!chance(random, LONG_EVERY)) return fill(random, pick(random, contact));
  return Array.from({ length: between(random, 5, 25) }, () => fill(random, pick(random, contact))).join('\n');
}

export function shopText(random: Random, language: Language): string {
  return fill(random, pick(random, phrases[language].shop));
}
