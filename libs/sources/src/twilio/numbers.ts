const WHATSAPP = 'whatsapp:';

export function isWhatsapp(address: string): boolean {
  return address.startsWith(WHATSAPP);
}

export function sourceOfAddress(address: string): 'twilio.whatsapp' | 'twilio.sms' {
  return isWhatsapp(address) ? 'twilio.whatsapp' : 'twilio.sms';
}

/** People write numbers with blanks; Twilio never does. */
export function smsAddress(phoneNumber: string): string {
  return phoneNumber.replace(/\s/gu, '');
}

export function whatsappAddress(phoneNumber: string): string {
  const address = smsAddress(phoneNumber);
  return isWhatsapp(address) ? address : WHATSAPP + address;
}
