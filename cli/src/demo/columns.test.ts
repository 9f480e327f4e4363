import { fit } from './columns';

describe('columns', () => {
  it.each([
    ['short', 8, 'short   '],
    ['just fit', 8, 'just fit'],
    ['too long for it', 8, 'too lon…'],
    ['two\n lines', 12, 'two lines   '],
    ['在庫はありますか', 9, '在庫はあ…'],
    ['在庫', 4, '在庫'],
    ['👍 ok', 6, '👍 ok '],
    ['a\u001b[31mb', 8, 'a[31mb  '],
    ['', 3, '   '],
  ])('%j in %i columns', (text, columns, shown) => {
    expect(fit(text, columns)).toBe(shown);
  });
});
