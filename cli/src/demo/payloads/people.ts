import { pick, type Random } from './random';

/** Language that somebody writes in. */
export type Language = 'en' | 'de' | 'es' | 'fr' | 'pt' | 'tr' | 'pl' | 'ja' | 'ar';

export interface Person {
  readonly firstName: string;
  readonly lastName: string;
  readonly language: Language;
  /** Country code of a phone number. */
  readonly dial: string;
}

interface People {
  readonly dial: string;
  readonly first: readonly string[];
  readonly last: readonly string[];
}

const people: Readonly<Record<Language, People>> = {
  en: {
    dial: '+44',
    first: ['Grace', 'Ada', 'Marcus', 'Priya', 'Oliver', 'Zoe', 'Martha', 'Idris'],
    last: ['Hopper', 'Clarke', 'Osei', 'Patel', 'Walsh', "O'Neill", 'Marsh', 'Bell'],
  },
  de: {
    dial: '+49',
    first: ['Jürgen', 'Anke', 'Björn', 'Mareike', 'Sören', 'Lena', 'Markus', 'Gesa'],
    last: ['Schröder', 'Weiß', 'Krüger', 'Vogt', 'Baumgärtner', 'Lange', 'Özdemir', 'Petersen'],
  },
  es: {
    dial: '+34',
    first: ['María', 'Íñigo', 'Lucía', 'Javier', 'Begoña', 'Andrés', 'Ximena', 'Martín'],
    last: ['García', 'Núñez', 'Peña', 'Ibáñez', 'Rodríguez', 'Castro', 'Muñoz', 'Vidal'],
  },
  fr: {
    dial: '+33',
    first: ['Chloé', 'Aurélien', 'Margaux', 'Noël', 'Inès', 'Benoît', 'Manon', 'Théo'],
    last: ['Lefèvre', 'Dubois', 'Garçon', 'Moreau', 'Bénard', 'Marchand', 'Petit', 'Rousseau'],
  },
  pt: {
    dial: '+351',
    first: ['João', 'Inês', 'Mafalda', 'Tomás', 'Beatriz', 'Simão', 'Catarina', 'Rui'],
    last: ['Gonçalves', 'Magalhães', 'Simões', 'Costa', 'Falcão', 'Almeida', 'Sá', 'Marques'],
  },
  tr: {
    dial: '+90',
    first: ['Ayşe', 'Çağlar', 'Gülşen', 'Emre', 'İpek', 'Oğuz', 'Şebnem', 'Deniz'],
    last: ['Yılmaz', 'Öztürk', 'Çelik', 'Aydın', 'Güneş', 'Işık', 'Kaya', 'Demir'],
  },
  pl: {
    dial: '+48',
    first: ['Małgorzata', 'Łukasz', 'Zofia', 'Grzegorz', 'Agnieszka', 'Paweł', 'Marta', 'Jędrzej'],
    last: ['Wójcik', 'Wiśniewska', 'Dąbrowski', 'Żak', 'Nowak', 'Kołodziej', 'Zięba', 'Maj'],
  },
  ja: {
    dial: '+81',
    first: ['さくら', '健太', '美咲', '大輔', '由美', '翔'],
    last: ['佐藤', '鈴木', '高橋', '田中', '渡辺', '小林'],
  },
  ar: {
    dial: '+971',
    first: ['ليلى', 'عمر', 'مريم', 'يوسف', 'نور', 'خالد'],
    last: ['حداد', 'منصور', 'الخطيب', 'سالم', 'ناصر', 'عزيز'],
  },
};

const languages = Object.keys(people) as Language[];

export function randomPerson(random: Random): Person {
  const language = pick(random, languages);
  const { dial, first, last } = people[language];
  return { firstName: pick(random, first), lastName: pick(random, last), language, dial };
}

export function fullName({ firstName, lastName }: Person): string {
  return `${firstName} ${lastName}`;
}
